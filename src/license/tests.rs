use super::reference::sources::SOURCES;
use super::{Licenses, MAX_FILES, MAX_TEXT, Reader, is_license_file, table};

/// What a module says whose one file has this text.
fn of(text: &str) -> String {
    module(&[("LICENSE", text)])
}

fn module(files: &[(&str, &str)]) -> String {
    let mut reader = Reader::new();
    for (path, text) in files {
        reader.file(path, text.as_bytes());
    }
    reader.licenses().to_string()
}

fn spdx(id: &str) -> &'static str {
    spdx::license_id(id).unwrap().text()
}

/// The identifiers that a text tells.
fn told() -> Vec<&'static str> {
    let mut ids: Vec<_> =
        SOURCES.iter().filter_map(|source| source.id.filter(|id| *id == source.spdx)).collect();
    ids.dedup();
    ids
}

/// The same words in other lines.
fn wrapped(text: &str, width: usize, prefix: &str, end: &str) -> String {
    let mut out = String::new();
    for paragraph in text.split("\n\n") {
        let mut line = 0;
        out += prefix;
        for word in paragraph.split_whitespace() {
            if line + word.len() > width {
                out += end;
                out += prefix;
                line = 0;
            }
            out += word;
            out.push(' ');
            line += word.len() + 1;
        }
        out += end;
        out += prefix.trim_end();
        out += end;
    }
    out
}

#[test]
fn every_text_is_what_spdx_calls_it() {
    assert!(told().len() >= 33);
    for id in told() {
        assert_eq!(of(spdx(id)), id);
    }
}

/// The list of SPDX has hundreds that differ from a known one by a word, a clause or a sentence.
#[test]
fn no_other_text_of_spdx_is_taken_for_one_that_is_known() {
    let mut others = 0;
    for license in spdx::identifiers::LICENSES {
        let found = of(spdx(license.name));
        let same = match license.name {
            // The same conditions, with the name of who holds the copyright.
            "BSD-2-Clause-NetBSD" => "BSD-2-Clause",
            // And a sentence about whose views are whose.
            "BSD-2-Clause-FreeBSD" | "BSD-2-Clause-Views" => "BSD-2-Clause",
            // The same text; who applies it says besides which it is.
            "MPL-2.0-no-copyleft-exception" => "MPL-2.0",
            // The same text under the names that say whether a later version may be chosen.
            name => name.trim_end_matches('+').trim_end_matches("-only").trim_end_matches("-or-later"),
        };
        assert!(found == "unknown" || found == same, "{} is taken for {found}", license.name);
        others += usize::from(found == "unknown");
    }
    assert!(others > 500, "{others}");
}

/// A title that is a line of its own is one no more where it is wrapped: what follows begins with the text itself.
#[test]
fn a_text_is_the_same_in_other_lines_and_letters() {
    for (id, from) in [
        ("MIT", "Permission is hereby"),
        ("BSD-3-Clause", "Redistribution and use"),
        ("Apache-2.0", "TERMS AND CONDITIONS"),
        ("GPL-3.0", "Preamble"),
        ("MPL-2.0", "1. Definitions"),
    ] {
        let text = spdx(id);
        // What stands behind the GPL has lines of copyright of its own, which are no lines here.
        let end = text.find("How to Apply These Terms").unwrap_or(text.len());
        let text = &text[text.find(from).unwrap()..end];
        for width in [40, 72, 100, 4000] {
            for prefix in ["", "// ", " * ", "> ", "# "] {
                for end in ["\n", "\r\n", "\r"] {
                    assert_eq!(of(&wrapped(text, width, prefix, end)), id, "{width} {prefix:?} {end:?}");
                }
            }
        }
        assert_eq!(of(&text.to_uppercase()), id);
        assert_eq!(of(&format!("\u{feff}{text}")), id);
        assert_eq!(of(&text.replace('"', "\u{201d}").replace('\'', "\u{2019}")), id);
    }
}

#[test]
fn names_years_and_titles_say_nothing() {
    let mit = spdx("MIT");
    let terms = &mit[mit.find("Permission").unwrap()..];
    for head in [
        "",
        "# The MIT License (MIT)\n\nCopyright (c) 2014\u{2013}2026 José Müller <j@example.com>, and others\n\n",
        "MIT License\n===========\n\nCopyright 2020 Gopher Inc. All rights reserved.\n",
        "(c) 2012 A. U. Thor\n",
        "\u{a9} 2012 A. U. Thor\n",
        "Copyright: 2012, A. U. Thor\nPortions copyright (c) 2013 The Other Authors\n",
        // No year, and names on lines of their own.
        "Copyright The Example Authors\n    with Ann Example\n",
        "License: MIT\n\nCopyright by A. U. Thor\n",
    ] {
        assert_eq!(of(&format!("{head}{terms}")), "MIT", "{head}");
    }
}

/// What is between, before or behind the words of a licence, or instead of them.
#[test]
fn a_text_that_was_changed_is_unknown() {
    // Without the ends of lines within sentences.
    let [mit, bsd, apache] = ["MIT", "BSD-3-Clause", "Apache-2.0"]
        .map(|id| spdx(id).replace("\n\n", "\r").replace('\n', " ").replace('\r', "\n\n"));
    for changed in [
        mit.replace(
            "the following conditions:",
            "the following conditions:\n\nThe Software shall be used for Good, not Evil.",
        ),
        mit.replace("and/or sell", "and/or give away"),
        mit.replace("without restriction", "for non-commercial purposes"),
        mit.replace("to any person", "to any natural person"),
        mit.replace("<copyright holders>", "A. U. Thor. Not for commercial use."),
        format!("{mit}\nThis software may not be used by the military."),
        format!("{mit}\nAdditional terms: see TERMS.md"),
        format!("{mit}\nParts of it are GPL."),
        // The title of another licence than the one that follows.
        format!("GNU General Public License\nVersion 3, 29 June 2007\n\n{mit}"),
        // A sentence that is not read here.
        format!("{mit}\n{}", "本软件不得用于任何商业用途，也不得用于军事目的，违者必究。".repeat(2)),
        // Letters that are none of a word of ASCII.
        format!("{mit}\n{}", "ＮＯＴ　ＦＯＲ　ＣＯＭＭＥＲＣＩＡＬ　ＵＳＥ．".repeat(2)),
        format!("{mit}\n{}", "ⓝⓞⓣ ⓕⓞⓡ ⓒⓞⓜⓜⓔⓡⓒⓘⓐⓛ ⓤⓢⓔ. ".repeat(2)),
        // UTF-16, in which each letter stands by itself.
        format!("{mit}\n{}", "Not for commercial use.".chars().flat_map(|c| [c, '\0']).collect::<String>()),
        bsd.replace("THIS SOFTWARE IS PROVIDED", "4. The software is not sold.\n\nTHIS SOFTWARE IS PROVIDED"),
        bsd.replace("3. Neither", "3. Advertising must mention us.\n4. Neither"),
        bsd.replace("the copyright holder nor", &format!("{} nor", "a very long name ".repeat(8))),
        format!(
            "\"Commons Clause\" License Condition v1.0\n\nThe Software is provided to you by the Licensor under the License, as defined below, \
             subject to the following condition.\n\n{apache}"
        ),
        format!(
            "{apache}\n---- LLVM Exceptions to the Apache 2.0 License ----\nAs an exception, if, as a result of your compiling"
        ),
        apache.replace("royalty-free", ""),
        apache[..apache.len() / 2].to_owned(),
        String::new(),
        "All rights reserved.".to_owned(),
        "MIT".to_owned(),
        "See LICENSE.txt".to_owned(),
    ] {
        assert!(![&mit, &bsd, &apache].contains(&&changed));
        assert_eq!(of(&changed), "unknown", "{changed}");
    }
}

/// Each word of the terms, left out.
#[test]
fn no_word_may_be_missing() {
    let apache = spdx("Apache-2.0");
    let (start, end) = (apache.find("\"License\" shall").unwrap(), apache.find("END OF TERMS").unwrap());
    let (mut at, mut count) = (start, 0);
    while let Some(space) = apache[at..end].find(' ') {
        let (from, to) = (at, at + space);
        at = to + 1;
        let word: String = apache[from..to].chars().filter(char::is_ascii_alphabetic).collect();
        // Letters and roman numbers count the items of lists.
        if word.len() > 4 {
            assert_eq!(
                of(&format!("{}{}", &apache[..from], &apache[to..])),
                "unknown",
                "{}",
                &apache[from..to]
            );
            count += 1;
        }
    }
    assert!(count > 500, "{count}");
}

#[test]
fn several_licences_are_all_told() {
    let (mit, bsd, apache) = (spdx("MIT"), spdx("BSD-3-Clause"), spdx("Apache-2.0"));
    let header = &apache[apache.find("Licensed under").unwrap()..];
    assert_eq!(of(&format!("{apache}\n\n-----\n\n{mit}")), "Apache-2.0 AND MIT");
    assert_eq!(of(&format!("{bsd}\n{mit}\n{bsd}")), "BSD-3-Clause AND MIT");
    assert_eq!(of(&format!("Copyright 2015 Gopher\n\n{header}")), "Apache-2.0");
    assert_eq!(module(&[("LICENSE-APACHE", apache), ("LICENSE-MIT", mit)]), "Apache-2.0 AND MIT");
    assert_eq!(
        module(&[("COPYING", spdx("GPL-3.0")), ("COPYING.LESSER", spdx("LGPL-3.0"))]),
        "GPL-3.0 AND LGPL-3.0"
    );
    // What most programs have by gopkg.in/yaml.v3.
    let yaml = format!(
        "\nThis project is covered by two different licenses: MIT and Apache.\n\n#### MIT License ####\n\n\
         The following files were ported to Go from C files of libyaml, and thus\nare still covered by their original MIT license, with the \
         additional\ncopyright staring in 2011 when the project was ported over:\n\n    apic.go emitterc.go parserc.go\n\n\
         Copyright (c) 2006-2010 Kirill Simonov\n\n{}\n### Apache License ###\n\nAll the remaining project files are covered by the Apache \
         license:\n\nCopyright (c) 2011-2019 Canonical Ltd\n\n{header}",
        &mit[mit.find("Permission").unwrap()..]
    );
    assert_eq!(of(&yaml), "Apache-2.0 AND MIT");
}

#[test]
fn a_line_of_spdx_tells_the_licence() {
    let mit = spdx("MIT");
    for (text, want) in [
        ("SPDX-License-Identifier: MIT", "MIT"),
        ("// spdx-license-identifier: mit", "MIT"),
        (
            "/* SPDX-License-Identifier: (GPL-2.0-or-later OR BSD-3-Clause) */",
            "BSD-3-Clause AND GPL-2.0-or-later",
        ),
        ("SPDX-License-Identifier: GPL-3.0-only\nCopyright 2020 A. U. Thor", "GPL-3.0-only"),
        // One that is not known, an exception, nothing at all.
        ("SPDX-License-Identifier: MIT AND LicenseRef-Ours", "unknown"),
        ("SPDX-License-Identifier: GPL-2.0-only WITH Classpath-exception-2.0", "unknown"),
        ("SPDX-License-Identifier:", "unknown"),
        ("SPDX-License-Identifier: MIT\nNot for commercial use.", "unknown"),
        // What stands before it, in its line.
        ("Not for commercial use. SPDX-License-Identifier: MIT", "unknown"),
        ("This project, SPDX-License-Identifier: MIT", "MIT"),
    ] {
        assert_eq!(of(text), want, "{text}");
    }
    assert_eq!(of(&format!("SPDX-License-Identifier: Apache-2.0\n{mit}")), "Apache-2.0 AND MIT");
}

/// Above its files, a program says whether later versions may be chosen.
#[test]
fn a_notice_tells_that_later_versions_may_be_chosen() {
    for (id, text, work) in [
        ("GPL-2.0-or-later", "GPL-2.0", "This program"),
        ("GPL-3.0-or-later", "GPL-3.0", "This program"),
        ("AGPL-3.0-or-later", "AGPL-3.0", "This program"),
        ("LGPL-2.1-or-later", "LGPL-2.1", "This library"),
    ] {
        let text = spdx(text);
        let text = &text[text.find(&format!("{work} is free software")).unwrap()..];
        let text = &text[..text.find("51 Franklin").or_else(|| text.find("Also add")).unwrap()];
        for name in [work, "This software"] {
            assert_eq!(of(&format!("Copyright (C) 2020 Gopher\n\n{}", text.replace(work, name))), id);
        }
        // It begins behind the name of the program.
        assert_eq!(of(&text.replacen(work, "The example server", 1)), id);
        assert_eq!(of(&text.replace("any later version", "any later version that we allow")), "unknown");
    }
}

#[test]
fn the_parameters_of_the_business_source_license_are_its_own() {
    let text = spdx("BUSL-1.1");
    let parameters = "Parameters\n\nLicensor: Gopher, Inc.\nAdditional Use Grant: You may make production use of the Licensed Work, \
        but not to compete.\nChange Date: 2030-01-01\nChange License: MPL 2.0\n\nTerms\n";
    assert_eq!(of(&text.replacen("Terms\n", parameters, 1)), "BUSL-1.1");
    assert_eq!(of(&text.replacen("non-production", "any", 1)), "unknown");
}

/// One file that is not known leaves open what holds for all of them.
#[test]
fn one_file_that_is_unknown_makes_the_module_unknown() {
    let mit = spdx("MIT");
    assert_eq!(module(&[]), "unknown");
    assert_eq!(module(&[("LICENSE", mit), ("COPYING", "Pay us.")]), "unknown");
    // Not its own licence, whatever it says.
    assert_eq!(module(&[("LICENSE", mit), ("PATENTS", "Pay us."), ("vendor/x/LICENSE", "Pay us.")]), "MIT");
    let many: Vec<String> = (0..=MAX_FILES).map(|count| format!("LICENSE-{count}")).collect();
    let mut files: Vec<_> = many.iter().map(|name| (name.as_str(), mit)).collect();
    assert_eq!(module(&files), "unknown");
    files.pop();
    assert_eq!(module(&files), "MIT");
    let long = |len: usize| format!("{mit}{}", " ".repeat(len - mit.len()));
    assert_eq!(of(&long(MAX_TEXT - 1)), "MIT");
    // It may go on.
    assert_eq!(of(&long(MAX_TEXT)), "unknown");
}

#[test]
fn a_licence_is_known_by_its_name() {
    for name in [
        "LICENSE",
        "License.txt",
        "licence.md",
        "COPYING",
        "COPYING.LESSER",
        "LICENSE-MIT",
        "LICENSE.MIT",
        "LICENSE-2.0.txt",
        "LICENSE-APACHE-2.0.txt",
        "LICENSE.code",
        "LICENSE.docs",
        "LICENSE.rst",
        "MIT-LICENSE.markdown",
        "MIT_LICENCE",
        "UNLICENSE",
        "LICENSE.libyaml",
        "LICENSE_BSD",
        "COPYING.LESSER.md",
        "Apache-2.0-License.txt",
    ] {
        assert!(is_license_file(name), "{name}");
    }
    for name in [
        "",
        "license.go",
        "licenses.json",
        "LICENSE.go",
        "license_test.go",
        "LICENSES/MIT.txt",
        "vendor/LICENSE",
        "sub/LICENSE",
        "PATENTS",
        "NOTICE",
        "README.md",
        "LICENSE-header.txt",
        "license-3rdparty.csv",
        "LICENSE-third-party.txt",
        "licensed.txt",
        "go.mod",
        "license.tmpl",
        "copyingx",
    ] {
        assert!(!is_license_file(name), "{name}");
    }
    assert!(!is_license_file(&format!("LICENSE-{}", "x".repeat(100))));
}

#[test]
fn what_is_written_is_read() {
    let known: Vec<_> = [vec![], vec!["MIT"], vec!["Apache-2.0", "MIT"], table::IDS.to_vec()]
        .map(Licenses)
        .into_iter()
        .collect();
    for licenses in known {
        assert_eq!(Licenses::parse(&licenses.to_string()), Some(licenses));
    }
    assert_eq!(Licenses::default(), Licenses::UNKNOWN);
    for text in [
        "",
        "MIT AND Apache-2.0",
        "MIT AND MIT",
        "mit",
        "MIT OR Apache-2.0",
        "MIT AND unknown",
        "Beerware",
        "MIT AND ",
        " MIT",
    ] {
        assert_eq!(Licenses::parse(text), None, "{text}");
    }
}

/// What a module may have at its root ends, and says nothing.
#[test]
fn no_bytes_are_too_much() {
    for part in [
        "",
        "\0",
        "\u{ff}",
        "ab ",
        "a",
        ":",
        "\n",
        "all rights reserved ",
        "permission is hereby granted ",
        "business source license 1.1 ",
    ] {
        let text = part.repeat((MAX_TEXT - 1) / part.len().max(1));
        assert_eq!(of(&text), "unknown", "{part}");
    }
    let mut reader = Reader::new();
    reader.file("LICENSE", &[0xe2, b'\n', 0xc2, b'\r', 0xef, 0xbb, b'(', 0xe3, 0x80, 0xff, 0xf0, 0x9f]);
    assert!(!reader.licenses().is_known());
}
