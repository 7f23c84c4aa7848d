//! Tests of the naming rules.

use super::*;

/// Singular and plural pairs that must hold in both directions.
const PAIRS: &[(&str, &str)] = &[
    ("user", "users"),
    ("category", "categories"),
    ("box", "boxes"),
    ("bus", "buses"),
    ("index", "indices"),
    ("status", "statuses"),
    ("address", "addresses"),
    ("analysis", "analyses"),
    ("person", "people"),
    ("child", "children"),
    ("news", "news"),
    ("data", "data"),
    ("series", "series"),
    ("media", "media"),
    ("staff", "staff"),
    ("equipment", "equipment"),
    ("house", "houses"),
    ("warehouse", "warehouses"),
    ("cache", "caches"),
    ("movie", "movies"),
    ("tie", "ties"),
    ("day", "days"),
    ("key", "keys"),
    ("hero", "heroes"),
    ("photo", "photos"),
    ("shoe", "shoes"),
    ("license", "licenses"),
    ("purchase", "purchases"),
    ("database", "databases"),
    ("response", "responses"),
    ("size", "sizes"),
    ("quiz", "quizzes"),
    ("match", "matches"),
    ("hash", "hashes"),
    ("tax", "taxes"),
    ("class", "classes"),
    ("alias", "aliases"),
    ("virus", "viruses"),
    ("bonus", "bonuses"),
    ("menu", "menus"),
    ("api", "apis"),
    ("area", "areas"),
    ("schema", "schemas"),
    ("leaf", "leaves"),
    ("archive", "archives"),
    ("course", "courses"),
    ("expense", "expenses"),
    ("thesis", "theses"),
    ("diagnosis", "diagnoses"),
    ("phase", "phases"),
    ("use", "uses"),
    ("cause", "causes"),
    ("s", "ses"),
    ("id", "ids"),
    ("film_actor", "film_actors"),
    ("playlist_track", "playlist_tracks"),
];

#[test]
fn singular_and_plural_are_each_others_inverse() {
    for (one, many) in PAIRS {
        assert_eq!(plural(one), *many, "plural of {one}");
        if *one != "s" {
            assert_eq!(singular(many), *one, "singular of {many}");
        }
        assert_eq!(singular(one), *one, "singular of the singular {one}");
        if *one != "s" {
            assert_eq!(plural(many), *many, "plural of the plural {many}");
        }
    }
}

#[test]
fn inflection_keeps_case_and_never_empties() {
    assert_eq!(singular("PlaylistTracks"), "PlaylistTrack");
    assert_eq!(plural("PlaylistTrack"), "PlaylistTracks");
    assert_eq!(singular("USERS"), "USER");
    assert_eq!(singular("People"), "Person");
    for word in ["", "s", "_", "S", "ss", "is", "es", "ies", "__", "é", "日本", "s_", "xes"] {
        assert_eq!(singular(word).is_empty(), word.is_empty(), "{word}");
        assert_eq!(plural(word).is_empty(), word.is_empty(), "{word}");
    }
}

#[test]
fn models_are_singular_and_camel() {
    for (table, model_name) in [
        ("PlaylistTrack", "PlaylistTrack"),
        ("film_actors", "FilmActor"),
        ("order_lines", "OrderLine"),
        ("Order Details", "OrderDetail"),
        ("news", "News"),
        ("user statuses", "UserStatus"),
        ("people", "Person"),
        ("categories", "Category"),
        ("2fa", "_2fa"),
        ("t_1_2", "T1_2"),
        ("t_12", "T12"),
        ("u2f_devices", "U2fDevice"),
        ("self", "Self_"),
        ("option", "Option"),
        ("_hidden", "Hidden"),
        ("", "Table"),
        ("%", "Percent"),
        ("{%", "OpenBracePercent"),
        ("\u{1f600}", "U1f600"),
        ("Straße", "Straße"),
    ] {
        assert_eq!(model(table), model_name, "{table}");
    }
}

#[test]
fn fields_are_snake_and_legal() {
    for (column, field_name) in [
        ("AlbumId", "album_id"),
        ("CustomerID", "customer_id"),
        ("ReportsTo", "reports_to"),
        ("HTTPServer", "http_server"),
        ("2fa_enabled", "_2fa_enabled"),
        ("a b.c-d/e", "a_b_c_d_e"),
        ("_id", "_id"),
        ("__x", "_x"),
        ("type_", "type_"),
        ("a__b", "a_b"),
        ("self", "self_"),
        ("type", "type"),
        ("", "column"),
        ("_", "underscore"),
        ("%", "percent"),
        ("größe", "größe"),
        ("\u{1f600}", "u1f600"),
        ("caf\u{e9}", "caf\u{e9}"),
        ("cafe\u{301}", "cafe"),
        ("שם", "שם"),
    ] {
        assert_eq!(field(column), field_name, "{column}");
    }
}

#[test]
fn variants_keep_signs_apart() {
    let labels = ["A", "A+", "A-", "PG-13", "3D", "0-foo", "a b", "", "/", "Self", "-1", "C#", "NC-17", "in_progress"];
    let names: Vec<String> = labels.iter().map(|label| variant(label)).collect();
    assert_eq!(
        names,
        [
            "A",
            "APlus",
            "AMinus",
            "Pg13",
            "_3d",
            "_0Foo",
            "AB",
            "Empty",
            "Slash",
            "Self_",
            "Minus1",
            "CHash",
            "Nc17",
            "InProgress"
        ]
    );
}

#[test]
fn belongs_to_follows_the_key_alone() {
    for (fields, target, name) in [
        (&["user_id"][..], "User", "user"),
        (&["author_id"], "User", "author"),
        (&["album_id"], "Album", "album"),
        (&["reports_to"], "Employee", "reports_to_employee"),
        (&["id"], "User", "id_user"),
        (&["user"], "User", "user_user"),
        (&["_id"], "User", "_id_user"),
        (&["tenant_id", "order_id"], "OrderLine", "order_line"),
        (&["self_id"], "User", "self_"),
        (&["_2_id"], "User", "_2"),
    ] {
        assert_eq!(belongs_to(fields, target), name, "{fields:?}");
    }
}

#[test]
fn inverses_tell_keys_apart() {
    assert_eq!(inverse("user", "Post", "User", true), "posts");
    assert_eq!(inverse("author", "Post", "User", true), "author_posts");
    assert_eq!(inverse("user", "Profile", "User", false), "profile");
    assert_eq!(inverse("reports_to_employee", "Employee", "Employee", true), "reports_to_employee_employees");
    assert_eq!(many_to_many("Track", None), "tracks");
    assert_eq!(many_to_many("Track", Some("PlaylistTrack")), "playlist_track_tracks");
}

#[test]
fn every_text_gives_an_identifier() {
    let long = "x".repeat(300);
    let texts = [
        "",
        " ",
        "%",
        "#",
        "*",
        "_",
        "__",
        "self",
        "Self",
        "super",
        "crate",
        "gen",
        "async",
        "try",
        "type",
        "1",
        "²",
        "½",
        "a\"b",
        "`",
        "\\",
        "\n",
        "\0",
        "*/",
        "{}",
        "#[x]",
        "\"]",
        "');--",
        "😀",
        "👩‍👩‍👧",
        "שלום",
        "हिन्दी",
        "e\u{301}",
        "\u{301}",
        "ǅ",
        "İ",
        "ß",
        "日本語",
        "a\u{200d}b",
        "𝐀",
        "Ⅷ",
        "ĸ",
        "ⅷ ⅷ",
        "Ω",
        "ﬁ",
        "_1",
        "1_",
        "'",
        "r#type",
        long.as_str(),
    ];
    for text in texts {
        for name in [model(text), table(text), field(text), variant(text), column_enum(text, text)] {
            let printed = ident(&name).to_string();
            assert_eq!(printed.trim_start_matches("r#"), name, "{text:?}");
            assert!(syn::parse_str::<Ident>(&printed).is_ok(), "{text:?} → {printed}");
        }
        for name in [model(text), variant(text), column_enum(text, text)] {
            assert!(is_type_name(&name), "{text:?} → {name}");
        }
        let name = field(text);
        assert_eq!(name, name.to_lowercase(), "{text:?}");
        assert!(is_value_name(&name), "{text:?}");
        let relation = belongs_to(&[&name, &name], &model(text));
        assert!(is_value_name(&relation) && is_value_name(&inverse(&name, &model(text), &model("x"), true)));
        let _ = ident(text);
    }
}

#[test]
fn converted_names_convert_to_themselves() {
    for text in ["AlbumId", "2fa_enabled", "one two", "_id", "type_", "größe", "t_1_2", "self", "x1y", "fooBar2Baz"] {
        assert_eq!(field(&field(text)), field(text), "{text}");
        assert_eq!(model(&model(text)), model(text), "{text}");
    }
}

#[test]
fn what_the_lints_accept() {
    for name in ["User", "_3d", "Self_", "T1_2", "Éa", "日本"] {
        assert!(is_type_name(name), "{name}");
    }
    for name in ["", "_", "Self", "user", "T_a", "A__B", "A B", "1a", "_a"] {
        assert!(!is_type_name(name), "{name}");
    }
    for name in ["id", "type", "_2fa", "self_", "_id", "größe"] {
        assert!(is_value_name(name), "{name}");
    }
    for name in ["", "_", "__", "self", "a__b", "userName", "a-b", "2fa"] {
        assert!(!is_value_name(name), "{name}");
    }
}
