//! Tests of the located tree.

use super::*;

fn read(text: &str) -> (Option<Node>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let source = Arc::new(SourceText { name: "models.yaml".into(), text: text.into() });
    let node = parse(&source, &mut diagnostics);
    (node, diagnostics)
}

fn shown(text: &str) -> String {
    read(text).1.to_string()
}

fn entries(node: &Node) -> &[Entry] {
    match &node.kind {
        Kind::Map(entries) => entries,
        other => panic!("{other:?}"),
    }
}

#[test]
fn scalars_are_read_as_written_and_spans_are_bytes() {
    let text = "\u{feff}é: no # c\r\nb: ~\r\nc: 1e3\r\nd: \"x\\ty\"\r\n";
    let (node, diagnostics) = read(text);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    let node = node.unwrap();
    let values: Vec<_> =
        entries(&node).iter().map(|e| (e.key.as_str(), &e.value.kind, &text[e.value.span.clone()])).collect();
    assert_eq!(values[0], ("é", &Kind::Text("no".into(), Style::Plain), "no"));
    assert_eq!(values[1], ("b", &Kind::Text("~".into(), Style::Plain), "~"));
    assert_eq!(values[2], ("c", &Kind::Text("1e3".into(), Style::Plain), "1e3"));
    assert_eq!(values[3], ("d", &Kind::Text("x\ty".into(), Style::Quoted), "\"x\\ty\""));
}

#[test]
fn commas_in_brackets_are_explained_and_repaired() {
    insta::assert_snapshot!(shown("a: { type: decimal(10, 2) null, x: y }\n"), @r#"
    error[P0107]: inside brackets the comma cuts `decimal(10, 2) null` in two
     --> models.yaml:1:12
      |
    1 | a: { type: decimal(10, 2) null, x: y }
      |            ^^^^^^^^^^^^^^^^^^^
      = help: put it in quotes: "decimal(10, 2) null"
    "#);
    let (node, _) = read("a: { type: decimal(10, 2) null, x: y }\nb: [f(a, b), c]\n");
    let node = node.unwrap();
    let map = entries(&entries(&node)[0].value);
    assert_eq!(map[0].value.kind, Kind::Text("decimal(10, 2) null".into(), Style::Plain));
    assert_eq!(map[1].key, "x");
    let Kind::Seq(items) = &entries(&node)[1].value.kind else { panic!() };
    assert_eq!(items[0].kind, Kind::Text("f(a, b)".into(), Style::Plain));
    assert_eq!(items.len(), 2);
}

#[test]
fn syntax_errors_say_what_to_write() {
    insta::assert_snapshot!(shown("a: { type: text[] }\n"), @r#"
    error[P0101]: inside brackets `text[]` must be in quotes
     --> models.yaml:1:12
      |
    1 | a: { type: text[] }
      |            ^^^^^^
      = help: write "text[]"
    "#);
    insta::assert_snapshot!(shown("a: text = b: c\n"), @r#"
    error[P0101]: a second `:` in one unquoted value
     --> models.yaml:1:12
      |
    1 | a: text = b: c
      |            ^
      = help: put the value in quotes: a: "text = b: c"
    "#);
    insta::assert_snapshot!(shown("a:\n\tb: c\n"), @r"
    error[P0101]: a tab is used for indentation
     --> models.yaml:2:1
      |
    2 |     b: c
      | ^^^^
      = help: YAML takes spaces only: replace each tab with spaces
    ");
    insta::assert_snapshot!(shown("a: {b: c\nd: e\n"), @r"
    error[P0101]: a `{` or `[` before this is not closed
     --> models.yaml:2:2
      |
    2 | d: e
      |  ^
      = help: add the missing `}`, `]` or comma, or put the value before this in quotes
    ");
    insta::assert_snapshot!(shown("a: \"abc\nb: c\n"), @r#"
    error[P0101]: a quote is not closed
     --> models.yaml:1:4
      |
    1 | a: "abc
      |    ^
      = help: close it on the same line; inside "…" write `\"` and `\\`, inside '…' write `''`
    "#);
    insta::assert_snapshot!(shown("a: @x\n"), @r"
    error[P0101]: an unquoted value cannot start with `@`
     --> models.yaml:1:4
      |
    1 | a: @x
      |    ^
      = help: put the value in quotes
    ");
    insta::assert_snapshot!(shown("a: - b\n"), @r"
    error[P0101]: a list cannot start here
     --> models.yaml:1:4
      |
    1 | a: - b
      |    ^
      = help: start the list on the next line, or put the value in quotes if the `-` belongs to it
    ");
    insta::assert_snapshot!(shown("a: b\n c: d\n"), @r"
    error[P0101]: a key cannot stand here
     --> models.yaml:2:3
      |
    2 |  c: d
      |   ^
      = help: line its indentation up with the keys above; a value before it ends where its line ends
    ");
}

#[test]
fn duplicate_keys_show_both_places() {
    insta::assert_snapshot!(shown("a: 1\nb: 2\na: 3\n"), @r"
    error[P0103]: the key `a` stands here twice
     --> models.yaml:3:1
      |
    3 | a: 3
      | ^
      = help: it stands first in line 1: remove or rename one of them
    ");
}

#[test]
fn what_specs_do_not_use_is_refused() {
    insta::assert_snapshot!(shown("a: &x 1\nb: *x\nc: !t 2\n<<: { d: 1 }\n? [e]\n: f\n"), @r"
    error[P0104]: specs do not use YAML anchors
     --> models.yaml:1:4
      |
    1 | a: &x 1
      |    ^^^^
      = help: remove the `&name`, or put the value in quotes

    error[P0104]: specs do not use YAML aliases
     --> models.yaml:2:4
      |
    2 | b: *x
      |    ^^
      = help: write the value out, or put it in quotes if the `*` belongs to it

    error[P0104]: specs do not use YAML tags
     --> models.yaml:3:4
      |
    3 | c: !t 2
      |    ^^^^
      = help: remove the tag, or put the value in quotes if the `!` belongs to it

    error[P0104]: specs do not use YAML merge keys
     --> models.yaml:4:1
      |
    4 | <<: { d: 1 }
      | ^^
      = help: write the keys out

    error[P0106]: a key must be a text
     --> models.yaml:5:3
      |
    5 | ? [e]
      |   ^^^
      = help: put the key in quotes if the brackets belong to it
    ");
    assert!(shown("a: 1\n---\nb: 2\n").contains("several YAML documents"));
    assert!(shown("a: *y\n").contains("a value that starts with `*` is a YAML alias"));
}

#[test]
fn hostile_depth_and_aliases_cost_nothing() {
    assert!(shown(&format!("a: {}", "[".repeat(100_000))).contains("P0105"));
    assert!(shown(&"- ".repeat(100_000)).contains("P0105"));
    let mut bomb = "a0: &a0 [x, x]\n".to_owned();
    for n in 1..64 {
        bomb += &format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}, *a{0}, *a{0}]\n", n - 1);
    }
    let (node, diagnostics) = read(&bomb);
    assert!(diagnostics.iter().all(|d| d.code == codes::YAML_UNSUPPORTED));
    assert_eq!(diagnostics.len(), 64 + 63 * 5);
    assert!(node.is_some());
}

#[test]
fn broken_input_never_panics() {
    let good = "a: { b: [c, \"d\"], e: 'f' }\n- g: |\n  é\n&x *y !z ? : # h\t\r\n%k\n---\n...\n";
    for cut in 0..=good.len() {
        if let (Some(head), Some(tail)) = (good.get(..cut), good.get(cut..)) {
            let _ = shown(head);
            let _ = shown(tail);
            let _ = shown(&format!("{tail}{head}"));
        }
    }
}
