//! What holds for every reader and every text.

use proptest::prelude::*;

use super::check::{check, edits, render, tile};
use super::{dotenv, javascript, php, ruby, yaml_erb};

#[rustfmt::skip]
const PIECES: &[&str] = &[
        "<?php ",
        "?>\n",
        "<?= ",
        "'",
        "\"",
        "`",
        "\\",
        "$a",
        "{$a",
        "${a",
        "}",
        "{",
        "<<<EOT\n",
        "\nEOT;\n",
        "<<<'X'\n",
        "// ",
        "/* ",
        "*/",
        "# ",
        "#[",
        "\n",
        "\r\n",
        "=begin\n",
        "\n=end\n",
        "__END__\n",
        "%w[",
        "%q(",
        "%",
        "]",
        ")",
        "(",
        "[",
        "#{",
        "<<~A",
        "\nA\n",
        "<<-'B'",
        "/",
        "?x",
        ":sym",
        "key: ",
        "- ",
        "&a ",
        "*a",
        "<<: ",
        "|\n",
        ">-\n",
        "  ",
        "\t",
        "<%= ",
        "<% ",
        "%>",
        "<%%",
        "---\n",
        "A=",
        "export ",
        "'b'",
        "\u{feff}",
        "\u{e9}",
        "__halt_compiler();",
        "=>",
        "=",
        ",",
        ";",
        "a.b",
        "def ",
        "if ",
        "end\n",
        "1.5e3",
        "b'",
        "<<<<<<< ",
    ];

/// Pieces of text that mean something to one of the readers, and random bytes between them.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn tokens_tile_whatever_is_read(source in text()) {
        check(&source);
        let with_tag = [b"<?php ", &source[..]].concat();
        check(&with_tag);
    }

    #[test]
    fn random_bytes_do_no_harm(source in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&source);
        edits(&source);
        render(&source);
    }
}

#[test]
fn deep_and_long_texts_are_read_in_time() {
    for piece in [
        "\"#{", "`${", "\"{$a[\"", "<<~A\n", "(", "<%= ", "'", "a: {", "<<<A\n", "/", "%w(", "x =",
        "y => ",
    ] {
        let source = piece.repeat(20_000).into_bytes();
        tile(&source, php::tokens(&source));
        tile(&source, ruby::tokens(&source));
        tile(&source, javascript::tokens(&source));
        tile(&source, yaml_erb::tokens(&source).all.into_iter());
        tile(&source, dotenv::tokens(&source).into_iter());
        let with_tag = [b"<?php ", &source[..]].concat();
        tile(&with_tag, php::tokens(&with_tag));
    }
}
