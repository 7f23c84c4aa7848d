//! The driver and the texts of the writer on a real server.

use std::borrow::Cow;
use std::ops::Deref;

use super::*;
use crate::config::Settings;
use crate::executor::Access;
use crate::meta::{ColumnMeta, ModelMeta};
use crate::sql::{
    Aggregate, BinaryOp, Dialect, Existing, Insert, MatchMode, Node, Order, Projection, Select, Source as Use,
    Statement, Table, UnaryOp, Write, Writer,
};
use crate::value::{Decimal, Kind, Value};

#[path = "../../../../tests/src/servers_mysql.rs"]
#[allow(dead_code)]
mod servers;

const fn column(name: &'static str, kind: Kind) -> ColumnMeta {
    ColumnMeta { name, field: name, kind, nullable: true, generated: false, size: None }
}

static NOTE: ModelMeta = ModelMeta {
    model: "Note",
    schema: None,
    table: "no`te",
    columns: &[
        column("id", Kind::BigInt),
        column("te`xt", Kind::Text),
        column("price", Kind::Decimal(Some(1))),
        column("state", Kind::Enum(&["new", "done"])),
    ],
    key: &[0],
    auto_key: Some(0),
    version: None,
    uniques: &[],
    foreign_keys: &[],
    texts: None,
};

const TABLE: &str = "CREATE TABLE `no``te` (id BIGINT AUTO_INCREMENT PRIMARY KEY, `te``xt` VARCHAR(50) COLLATE \
                     utf8mb4_general_ci, price DECIMAL(20,1), state ENUM('new','done'))";

/// A connection to a database that goes with it.
struct Server {
    connection: super::super::Connection,
    name: String,
}

impl Server {
    async fn new() -> Option<Self> {
        let server = servers::server()?;
        let name = servers::unique_name();
        let open = async |url: &str| {
            super::super::Connection::open(&Settings::parse(url).unwrap(), Access::Write).await.unwrap()
        };
        open(server).await.batch(&format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")).await.unwrap();
        let mut connection = open(&servers::url(server, &name)).await;
        connection.batch(TABLE).await.unwrap();
        Some(Self { connection, name })
    }

    /// What it is used for in writing texts by hand: MySQL itself has no INSERT … RETURNING.
    fn lacks_returning(&self) -> bool {
        let super::super::Connection::Mysql(connection) = &self.connection else { return true };
        !connection.server.returning
    }

    async fn end(mut self) {
        self.connection.batch(&format!("DROP DATABASE {}", self.name)).await.unwrap();
    }

    /// The first column of all rows, as text, in order.
    async fn rows<S: Deref<Target = str>>(&mut self, statement: Result<Statement<S>>) -> Vec<String> {
        let Statement { sql, params } = statement.unwrap();
        let mut found = Vec::new();
        let mut each = |row: &Row<'_>| {
            let text = row.text(0).map(|text| text.map(Cow::into_owned));
            let other = || row.int(0).map(|value| value.map(|value| value.to_string()));
            found.push(text.or_else(|_| other())?.unwrap_or_else(|| "NULL".to_owned()));
            Ok(())
        };
        let outcome = self.connection.query(&sql, &params, &mut each).await;
        outcome.unwrap_or_else(|error| panic!("{error}"));
        found
    }

    async fn fill(&mut self) {
        let rows =
            [("Ann", "9007199254740993.1", "done"), ("50%_!", "9007199254740993.2", "new"), ("änn", "1.5", "new")];
        let insert = "INSERT INTO `no``te` (`te``xt`, price, state) VALUES (?, ?, ?)";
        for (text, price, state) in rows {
            let params =
                [Value::Text(text.into()), Value::Decimal(Decimal::parse(price).unwrap()), Value::Text(state.into())];
            self.connection.execute(insert, &params).await.unwrap();
        }
        self.connection.batch("INSERT INTO `no``te` () VALUES ()").await.unwrap();
    }
}

/// Texts for a column.
struct Texts(Vec<String>);

impl Rows for Texts {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn bind(&mut self, row: usize, put: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
        put(&Value::Text(Cow::Borrowed(&self.0[row])))
    }
}

fn texts(count: usize) -> Texts {
    Texts((0..count).map(|at| format!("t{at}")).collect())
}

fn of(source: Use, at: usize) -> Node {
    Node::Column(source, &NOTE.columns[at])
}

fn select(source: Use, filter: Vec<Node>) -> Select {
    Select { filter, ..Select::all(source, &NOTE) }
}

#[tokio::test]
async fn keys_and_rows_come_back_in_the_order_of_the_rows() {
    let Some(mut server) = Server::new().await.filter(|server| !server.lacks_returning()) else { return };
    let insert = |returning: &[&'static ColumnMeta]| {
        let columns = [&NOTE.columns[1]];
        let insert = Insert { table: Table::Model(&NOTE), columns: &columns, returning, existing: Existing::Refused };
        Writer::insert(Dialect::Mysql, &insert).unwrap().sql
    };
    for count in [1, 2, 7, 499, 500, 501, 1_203] {
        let mut found = Vec::new();
        let mut each = |row: &Row<'_>| {
            found.push((row.int(0)?.unwrap(), row.text(1)?.unwrap().into_owned()));
            Ok(())
        };
        let sql = insert(&[&NOTE.columns[0], &NOTE.columns[1]]);
        let mut rows = texts(count);
        let affected = server.connection.execute_rows(&sql, &mut rows, Returned::Rows(&mut each)).await.unwrap();
        assert_eq!(affected, count as u64);
        assert!(found.iter().map(|(_, text)| text).eq(&rows.0), "{count}");
        assert!(found.is_sorted_by_key(|(id, _)| *id));
        let affected = server.connection.execute_rows(&insert(&[]), &mut rows, Returned::Nothing).await.unwrap();
        assert_eq!(affected, count as u64);
    }
    let mut keys = Vec::new();
    server.connection.execute_rows(&insert(&[]), &mut texts(3), Returned::Keys(&mut keys)).await.unwrap();
    assert!(keys.len() == 3 && keys.is_sorted(), "{keys:?}");
    // A row that does not fit: the values before it are gone with the statement.
    let mut long = Texts(vec!["a".into(), "b".repeat(60)]);
    let error = server.connection.execute_rows(&insert(&[]), &mut long, Returned::Nothing).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Encode(_)), "{error:?}");
    server.end().await;
}

/// Values that the server takes each alone can be too many together: rows go in more statements, and what is left is refused.
#[tokio::test]
async fn values_that_are_too_many_together_are_not_sent() {
    let Some(mut server) = Server::new().await else { return };
    let super::super::Connection::Mysql(connection) = &mut server.connection else { return };
    connection.packet = 1_000;
    let two = [Value::Text("a".repeat(600).into()), Value::Text("b".repeat(600).into())];
    let error = server.connection.query("SELECT ?, ?", &two, &mut |_| Ok(())).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Encode(_)) && !error.is_outcome_unknown(), "{error:?}");
    assert!(error.to_string().contains("max_allowed_packet"), "{error}");
    server.connection.query("SELECT ?", &[two[0].clone()], &mut |_| Ok(())).await.unwrap();
    let columns = [&NOTE.columns[1]];
    let insert = Insert { table: Table::Model(&NOTE), columns: &columns, returning: &[], existing: Existing::Refused };
    let sql = Writer::insert(Dialect::Mysql, &insert).unwrap().sql;
    let mut rows = Texts((0..200).map(|at| format!("{at:050}")).collect());
    let affected = server.connection.execute_rows(&sql, &mut rows, Returned::Nothing).await.unwrap();
    assert_eq!(affected, 200);
    server.end().await;
}

/// Statements for a number of rows that is not always the same are not kept, whatever becomes of them.
#[tokio::test]
async fn statements_that_failed_are_ended() {
    let Some(mut server) = Server::new().await else { return };
    let columns = [&NOTE.columns[1]];
    let insert = Insert { table: Table::Model(&NOTE), columns: &columns, returning: &[], existing: Existing::Refused };
    let sql = Writer::insert(Dialect::Mysql, &insert).unwrap().sql;
    let mut open = Vec::new();
    for count in [20, 20, 21, 22, 23] {
        let mut rows = texts(count);
        rows.0[count - 1] = "b".repeat(60);
        let error = server.connection.execute_rows(&sql, &mut rows, Returned::Nothing).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Encode(_)), "{error:?}");
        server.connection.execute_rows(&sql, &mut texts(count), Returned::Nothing).await.unwrap();
        let mut counted = 0;
        let mut each = |row: &Row<'_>| {
            let number: i64 = row.text(1)?.unwrap().parse().unwrap();
            counted += if row.text(0)?.unwrap() == "Com_stmt_close" { -number } else { number };
            Ok(())
        };
        let status = "SHOW SESSION STATUS WHERE Variable_name IN ('Com_stmt_prepare', 'Com_stmt_close')";
        let none: [Value<'static>; 0] = [];
        server.connection.query(status, &none, &mut each).await.unwrap();
        open.push(counted);
    }
    assert!(open.iter().all(|counted| *counted == open[0]), "{open:?}");
    server.end().await;
}

#[tokio::test]
async fn matches_are_literal_and_mind_case_as_told() {
    let Some(mut server) = Server::new().await else { return };
    server.fill().await;
    let mut check = async |text: &str, mode, ignore_case, expected: &[&str]| {
        let source = Use::new();
        let node = Node::Match { node: Box::new(of(source, 1)), text: text.to_owned(), mode, ignore_case };
        let mut query = select(source, vec![node]);
        query.projection = vec![Projection::Node(of(source, 1))];
        let found = server.rows(Writer::select(Dialect::Mysql, &query)).await;
        assert_eq!(found, expected, "{text}");
    };
    check("A", MatchMode::StartsWith, false, &["Ann"]).await;
    check("a", MatchMode::StartsWith, false, &[]).await;
    check("a", MatchMode::StartsWith, true, &["Ann"]).await;
    check("ÄN", MatchMode::StartsWith, true, &["änn"]).await;
    check("%_!", MatchMode::EndsWith, false, &["50%_!"]).await;
    check("0_", MatchMode::Contains, false, &[]).await;
    server.end().await;
}

#[tokio::test]
async fn orders_limits_and_subqueries() {
    let Some(mut server) = Server::new().await else { return };
    server.fill().await;
    let ids = |source: Use, select: Select| Select { projection: vec![Projection::Node(of(source, 0))], ..select };
    for (nulls_last, desc, expected) in [
        (None, false, ["4", "2", "3", "1"]),
        (Some(true), false, ["2", "3", "1", "4"]),
        (Some(false), true, ["4", "1", "2", "3"]),
        (None, true, ["1", "2", "3", "4"]),
    ] {
        let source = Use::new();
        let mut query = ids(source, select(source, Vec::new()));
        let kind = NOTE.columns[3].kind;
        query.order = vec![
            Order { node: of(source, 3), kind, desc, nulls_last },
            Order { node: of(source, 0), kind: Kind::BigInt, desc: false, nulls_last: None },
        ];
        assert_eq!(server.rows(Writer::select(Dialect::Mysql, &query)).await, expected);
        (query.limit, query.offset) = (None, Some(3));
        assert_eq!(server.rows(Writer::select(Dialect::Mysql, &query)).await, &expected[3..]);
        assert_eq!(server.rows(Writer::count(Dialect::Mysql, &query)).await, ["1"]);
        // LIMIT inside of IN.
        (query.limit, query.offset) = (Some(1), None);
        let outer = Use::new();
        let inside = Node::InSelect { node: Box::new(of(outer, 0)), select: Box::new(query.clone()), negated: false };
        let statement = Writer::select(Dialect::Mysql, &ids(outer, select(outer, vec![inside])));
        assert_eq!(server.rows(statement).await, &expected[..1]);
        // So many for each value.
        query.limit = None;
        query.per = Some((vec![of(source, 3)], 1));
        let found = server.rows(Writer::select(Dialect::Mysql, &query)).await;
        assert_eq!(found.len(), 3, "{found:?}");
    }
    let (left, source) = (Use::new(), Use::new());
    let mut pairs = ids(left, select(left, Vec::new()));
    let same = Node::binary(BinaryOp::Lt, of(left, 0), of(source, 0));
    pairs.joins = vec![crate::sql::Join { left: true, source, table: Table::Model(&NOTE), on: same }];
    pairs.distinct = true;
    assert_eq!(server.rows(Writer::count(Dialect::Mysql, &pairs)).await, ["4"]);
    let exists = Writer::exists(Dialect::Mysql, &pairs);
    assert_eq!(server.rows(exists).await, ["1"]);
    server.end().await;
}

#[tokio::test]
async fn expressions_give_what_they_give_elsewhere() {
    let Some(mut server) = Server::new().await else { return };
    server.fill().await;
    let one = |node: fn(Use) -> Node, filter: fn(Use) -> Vec<Node>| {
        let source = Use::new();
        let mut query = select(source, filter(source));
        query.projection = vec![Projection::Node(node(source))];
        Writer::select(Dialect::Mysql, &query)
    };
    let sum = |source| Node::Aggregate {
        function: Aggregate::Sum,
        distinct: false,
        argument: Some(Box::new(of(source, 0))),
        kind: Kind::BigInt,
    };
    assert_eq!(server.rows(one(sum, |_| Vec::new())).await, ["10"]);
    let half = |source| Node::binary(BinaryOp::Div, of(source, 0), Node::Bind(Value::Int(2)));
    assert_eq!(server.rows(one(half, |_| Vec::new())).await, ["0", "1", "1", "2"]);
    // Two decimals that are the same floating point number.
    let exact = |source| {
        let price = Value::Decimal(Decimal::parse("9007199254740993.2").unwrap());
        vec![Node::binary(BinaryOp::Eq, of(source, 2), Node::Bind(price))]
    };
    assert_eq!(server.rows(one(|source| of(source, 0), exact)).await, ["2"]);
    let rows = |source| {
        let value = |id, text: &'static str| vec![Value::Int(id), Value::Text(text.into())];
        vec![Node::InRows { nodes: vec![of(source, 0), of(source, 1)], rows: vec![value(1, "Ann"), value(2, "x")] }]
    };
    assert_eq!(server.rows(one(|source| of(source, 0), rows)).await, ["1"]);
    let between = |source| {
        let bind = |value| Box::new(Node::Bind(Value::Int(value)));
        vec![Node::Between(Box::new(of(source, 0)), bind(2), bind(3))]
    };
    assert_eq!(server.rows(one(|source| of(source, 1), between)).await, ["50%_!", "änn"]);
    let none = |source| vec![Node::In { node: Box::new(of(source, 0)), values: Vec::new(), negated: false }];
    assert!(server.rows(one(|source| of(source, 0), none)).await.is_empty());
    let null = |source| vec![Node::unary(UnaryOp::Not, Node::unary(UnaryOp::IsNotNull, of(source, 3)))];
    assert_eq!(server.rows(one(|source| of(source, 0), null)).await, ["4"]);
    server.end().await;
}

#[tokio::test]
async fn writes_with_subqueries() {
    let Some(mut server) = Server::new().await else { return };
    server.fill().await;
    let own = |source| {
        let inner = Use::new();
        let mut query = select(inner, vec![Node::binary(BinaryOp::Gt, of(inner, 0), Node::Bind(Value::Int(2)))]);
        query.projection = vec![Projection::Node(of(inner, 0))];
        Node::InSelect { node: Box::new(of(source, 0)), select: Box::new(query), negated: false }
    };
    let source = Use::new();
    let set = [(&NOTE.columns[1], Node::Bind(Value::Text("new".into()))), (&NOTE.columns[2], of(source, 0))];
    let filter = [own(source), Node::binary(BinaryOp::Ne, of(source, 0), Node::Bind(Value::Int(9)))];
    let write = Write { source, table: Table::Model(&NOTE), set: &set, filter: &filter };
    let Statement { sql, params } = Writer::write(Dialect::Mysql, &write).unwrap();
    assert_eq!(server.connection.execute(&sql, &params).await.unwrap().affected, 2);
    let write = Write { source, table: Table::Model(&NOTE), set: &[], filter: &filter };
    let Statement { sql, params } = Writer::write(Dialect::Mysql, &write).unwrap();
    assert_eq!(server.connection.execute(&sql, &params).await.unwrap().affected, 2);
    server.end().await;
}

/// The table and its columns have the names of what is put aside beside it; a value that is given is no text on the way.
#[tokio::test]
async fn assignments_that_read_a_table_of_hostile_names() {
    static Q: ModelMeta = ModelMeta {
        model: "Q",
        schema: None,
        table: "q",
        columns: &[column("k0", Kind::BigInt), column("v0", Kind::BigInt), column("v1", Kind::Bytes)],
        key: &[0],
        auto_key: None,
        version: None,
        uniques: &[],
        foreign_keys: &[],
        texts: None,
    };
    let Some(mut server) = Server::new().await else { return };
    server.connection.batch("CREATE TABLE q (k0 BIGINT PRIMARY KEY, v0 BIGINT, v1 BLOB)").await.unwrap();
    server.connection.batch("INSERT INTO q (k0, v0) VALUES (1, 10), (2, 20), (3, 30)").await.unwrap();
    let (source, inner) = (Use::new(), Use::new());
    let column = |source, at: usize| Node::Column(source, &Q.columns[at]);
    let before = Node::binary(BinaryOp::Add, column(inner, 0), Node::Bind(Value::Int(1)));
    let mut query =
        Select { filter: vec![Node::binary(BinaryOp::Eq, before, column(source, 0))], ..Select::all(inner, &Q) };
    query.projection = vec![Projection::Node(column(inner, 1))];
    let bytes = Node::Bind(Value::Bytes(Cow::Borrowed(b"\xff\x00")));
    let set = [(&Q.columns[1], Node::Scalar(Box::new(query))), (&Q.columns[2], bytes)];
    let filter = [Node::binary(BinaryOp::Gt, column(source, 0), Node::Bind(Value::Int(1)))];
    let write = Write { source, table: Table::Model(&Q), set: &set, filter: &filter };
    let Statement { sql, params } = Writer::write(Dialect::Mysql, &write).unwrap();
    assert_eq!(server.connection.execute(&sql, &params).await.unwrap().affected, 2);
    let rows = "SELECT concat_ws(' ', k0, v0, hex(v1)) FROM q ORDER BY k0";
    let rows = server.rows(Ok(Statement { sql: rows.to_owned(), params: Vec::new() })).await;
    assert_eq!(rows, ["1 10", "2 10 FF00", "3 20 FF00"]);
    server.end().await;
}

#[tokio::test]
async fn rows_of_defaults_alone() {
    let Some(mut server) = Server::new().await.filter(|server| !server.lacks_returning()) else { return };
    let insert = Insert {
        table: Table::Model(&NOTE),
        columns: &[],
        returning: &[&NOTE.columns[0]],
        existing: Existing::Refused,
    };
    let sql = Writer::insert(Dialect::Mysql, &insert).unwrap().sql;
    let mut found = Vec::new();
    let mut each = |row: &Row<'_>| {
        found.extend(row.int(0)?);
        Ok(())
    };
    struct Nothing;
    impl Rows for Nothing {
        fn len(&self) -> usize {
            2
        }
        fn bind(&mut self, _: usize, _: &mut dyn FnMut(&Value<'_>) -> Result<()>) -> Result<()> {
            Ok(())
        }
    }
    server.connection.execute_rows(&sql, &mut Nothing, Returned::Rows(&mut each)).await.unwrap();
    assert_eq!(found, [1, 2]);
    server.end().await;
}

/// Behind a balancer the number can be that of somebody else's connection to another server.
#[tokio::test]
async fn a_statement_is_ended_on_its_own_server_alone() {
    let Some(mut server) = Server::new().await else { return };
    let super::super::Connection::Mysql(connection) = &mut server.connection else { panic!() };
    let limit = Duration::from_secs(10);
    open::stop(&connection.client, &Arc::from("elsewhere 3306 1"), limit);
    tokio::time::sleep(Duration::from_millis(500)).await;
    connection.client.ping().await.unwrap();
    open::stop(&connection.client, &connection.which, limit);
    let begun = Instant::now();
    while connection.client.ping().await.is_ok() {
        assert!(begun.elapsed() < limit, "the connection to this server goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let url = servers::url(servers::server().unwrap(), &server.name);
    let again = super::super::Connection::open(&Settings::parse(&url).unwrap(), Access::Write).await;
    server.connection = again.unwrap();
    server.end().await;
}
