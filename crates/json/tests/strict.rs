//! What a document may not be, and what the errors say.
#![allow(clippy::unwrap_used)] // A test may fail by unwrapping.

use novation_json::{list, number, parse, text, Malformed, Object, MAX_DEPTH};

fn error(document: &str) -> String {
    parse(document.as_bytes()).unwrap_err().to_string()
}

#[test]
fn test_parse_when_a_key_appears_twice_says_where() {
    assert_eq!(
        error(r#"{"a": 1, "b": {"c": 1, "c": 1}}"#),
        r#"not JSON: key "c" appears twice at line 1 column 30"#
    );
    parse(br#"[{"a": 1}, {"a": 1}]"#).unwrap();
}

#[test]
fn test_parse_when_nested_too_deep_or_not_finite_refuses() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    parse(nested(MAX_DEPTH).as_bytes()).unwrap();
    assert!(error(&nested(MAX_DEPTH + 1)).contains("nested deeper than 32"));
    assert!(error(&"[".repeat(100_000)).contains("nested deeper"));
    assert!(error(&r#"{"a":"#.repeat(100_000)).contains("nested deeper"));
    for document in ["1e999", "NaN", "[Infinity]", "", "01", "[1,]", "\"\\ud800\"", "1 2"] {
        assert!(error(document).starts_with("not JSON: "), "{document}");
    }
    assert_eq!(parse(b"[\xff]").unwrap_err().to_string(), "not UTF-8 text at byte 1");
}

#[test]
fn test_fields_when_wrong_say_place_value_and_expectation() {
    let read = |document: &str| -> Result<Vec<u64>, Malformed> {
        let value = parse(document.as_bytes()).unwrap();
        let object = Object::new(&value, &["cells", "name"]).map_err(|e| e.within("file"))?;
        object.optional("name", |value| text(value).map(str::to_owned))?;
        object.field("cells", |cells| {
            list(cells, |cell| Object::new(cell, &["x"])?.field("x", number))
        })
    };
    let cases = [
        (
            r#"{"cells": [{"x": 1}, {"x": -1}]}"#,
            "cells[1].x is -1, expected an unsigned 64-bit number",
        ),
        (r#"{"cells": [{"x": 1.0}]}"#, "cells[0].x is 1.0, expected an unsigned 64-bit number"),
        (r#"{"cells": [{"y": 1}]}"#, r#"cells[0] has the unknown key "y""#),
        (r#"{"cells": [{}]}"#, "cells[0].x is missing"),
        (r#"{"cells": {}}"#, "cells is an object, expected a list"),
        (r#"{"cells": [], "name": null}"#, "name is null, expected a string"),
        (r#"{"cell": []}"#, r#"file has the unknown key "cell""#),
        ("[]", "file is a list of 0, expected an object"),
    ];
    for (document, message) in cases {
        assert_eq!(read(document).unwrap_err().to_string(), message);
    }
    assert_eq!(read(r#"{"cells": [{"x": 18446744073709551615}]}"#).unwrap(), [u64::MAX]);
}
