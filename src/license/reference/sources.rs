//! What the patterns are made of: SPDX's texts, where each begins and ends, and what copies of it differ in.

/// One way in which a licence is written.
pub(in crate::license) struct Source {
    /// None: it says nothing of its own.
    pub(in crate::license) id: Option<&'static str>,
    /// Whose text of SPDX's it is made of.
    pub(in crate::license) spdx: &'static str,
    /// Its own text, where SPDX has none.
    own: Option<&'static str>,
    /// The words it begins with, the first such in the text.
    pub(super) from: &'static str,
    /// The words it ends before. None: the end of the text.
    pub(super) until: &'static str,
    /// In any order.
    pub(super) edits: &'static [Edit],
}

/// What copies differ in. It holds wherever the words are.
pub(super) enum Edit {
    /// These words, or any of the others; of no words, they may be missing.
    Or(&'static str, &'static [&'static str]),
    /// Instead of these words, one of the others.
    Be(&'static str, &'static [&'static str]),
    /// Instead of these words there may be any, but no more than so many.
    Any(&'static str, usize),
}

use Edit::{Any, Be, Or};

impl Source {
    pub(super) fn text(&self) -> &'static str {
        self.own.unwrap_or_else(|| spdx::license_id(self.spdx).unwrap().text())
    }

    const fn until(mut self, words: &'static str) -> Self {
        self.until = words;
        self
    }
}

const fn of(id: &'static str, from: &'static str, edits: &'static [Edit]) -> Source {
    Source { id: Some(id), spdx: id, own: None, from, until: "", edits }
}

/// The words above a program's files that apply a licence to it: they say that later versions may be chosen.
const fn notice(id: &'static str, spdx: &'static str, edits: &'static [Edit]) -> Source {
    Source {
        id: Some(id),
        spdx,
        own: None,
        from: "is free software you can redistribute it",
        until: "",
        edits,
    }
}

/// What stands beside a licence.
const fn beside(spdx: &'static str, from: &'static str, edits: &'static [Edit]) -> Source {
    Source { id: None, spdx, own: None, from, until: "", edits }
}

/// The same, where SPDX has no text.
const fn own(text: &'static str, from: &'static str, edits: &'static [Edit]) -> Source {
    Source { id: None, spdx: "a text of its own", own: Some(text), from, until: "", edits }
}

/// Identifiers that a line `SPDX-License-Identifier:` tells, some of them alone.
pub(super) const TOLD: &[&str] = &[
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
];

/// A name is as long at most.
const NAME: usize = 16;

/// So is an address: the Free Software Foundation has moved, and copies have tabs and commas of their own.
const ADDRESS: usize = 12;

/// So are the parameters of the Business Source License, its long grants of use among them.
const PARAMETERS: usize = 300;

/// What a notice calls the work.
const WORK: &[Edit] = &[Or(
    "this program",
    &["this library", "this software", "this package", "this project", "this module", "this file"],
)];

/// And of the Lesser GPL.
const LIBRARY: &[Edit] = &[Or(
    "this library",
    &["this program", "this software", "this package", "this project", "this module", "this file"],
)];

/// What the FSF's own copy has behind the signature.
const GPL_2_END: &str = "This General Public License does not permit incorporating your program into proprietary programs. If your program is a \
    subroutine library, you may consider it more useful to permit linking proprietary applications with the library. If this is what you \
    want to do, use the GNU Lesser General Public License instead of this License.";

/// What copies of the BSD licences differ in: whom the disclaimer protects first of all.
const BSD_2: &[Edit] = &[
    Any("the copyright holders and contributors", NAME),
    Any("the copyright holder or contributors", NAME),
    Or(
        "this list of conditions and the following disclaimer",
        &["this list of conditions and the following disclaimers"],
    ),
    Or("other materials provided", &["other material provided"]),
    Or("redistributions of source code must", &["redistribution of source code must"]),
    Or("redistributions in binary form must", &["redistribution in binary form must"]),
];

const BSD_3: &[Edit] = &[
    Any("the copyright holders and contributors", NAME),
    Any("the copyright holder or contributors", NAME),
    Or(
        "this list of conditions and the following disclaimer",
        &["this list of conditions and the following disclaimers"],
    ),
    Or("other materials provided", &["other material provided"]),
    Or("redistributions of source code must", &["redistribution of source code must"]),
    Or("redistributions in binary form must", &["redistribution in binary form must"]),
    Or(
        "neither the name of",
        &["neither the names of", "neither the name", "neither name of", "neither the author nor", "neither"],
    ),
    Any("the copyright holder nor the names of its contributors", NAME),
    Or("specific prior written permission", &["specific written permission", "specific prior permission"]),
];

/// The same with its third clause in other words.
const BSD_3_NOT: &[Edit] = &[
    Any("the copyright holders and contributors", NAME),
    Any("the copyright holder or contributors", NAME),
    Or(
        "this list of conditions and the following disclaimer",
        &["this list of conditions and the following disclaimers"],
    ),
    Or("other materials provided", &["other material provided"]),
    Or("redistributions of source code must", &["redistribution of source code must"]),
    Or("redistributions in binary form must", &["redistribution in binary form must"]),
    Be("neither the name of", &["the name of", "the names of", "the name"]),
    Any("the copyright holder nor the names of its contributors", NAME),
    Be("may be used to endorse", &["may not be used to endorse"]),
    Or("specific prior written permission", &["specific written permission", "specific prior permission"]),
];

pub(in crate::license) const SOURCES: &[Source] = &[
    of("0BSD", "permission to use copy modify", &[Or("and or distribute", &["and distribute"])]),
    of("AGPL-3.0", "preamble the gnu affero general public license is", &[])
        .until("how to apply these terms to your new programs"),
    beside("AGPL-3.0", "how to apply these terms to your new programs", &[]),
    of(
        "Apache-2.0",
        "terms and conditions for use reproduction",
        &[Or("end of terms and conditions", &[""])],
    )
    .until("appendix how to apply the apache license"),
    of(
        "Apache-2.0",
        "licensed under the apache license version",
        &[Or("you may not use this file", &["you may not use these files"])],
    ),
    beside("Apache-2.0", "appendix how to apply the apache license", &[])
        .until("licensed under the apache license version"),
    of("Artistic-2.0", "preamble this license establishes the terms", &[]),
    of("BSD-2-Clause", "redistribution and use in source", BSD_2),
    of("BSD-3-Clause", "redistribution and use in source", BSD_3),
    of("BSD-3-Clause", "redistribution and use in source", BSD_3_NOT),
    of("BSL-1.0", "permission is hereby granted free of charge", &[]),
    // Between its title and its terms it has parameters, which are sentences of the licensor's.
    of(
        "BUSL-1.1",
        "business source license 1.1",
        &[Any(
            "license text copyright 2017 mariadb corporation ab business source license is a trademark of mariadb corporation ab",
            PARAMETERS,
        )],
    )
    .until("mariadb hereby grants you permission"),
    beside("BUSL-1.1", "mariadb hereby grants you permission", &[]),
    own(
        "The Business Source License (this document, or the \"License\") is not an Open Source license. However, the Licensed \
         Work will eventually be made available under an Open Source License, as stated in this License.",
        "the business source license",
        &[],
    ),
    of("BlueOak-1.0.0", "this license gives everyone as much", &[]),
    of("CC-BY-4.0", "creative commons attribution 4.0 international public license by exercising", &[])
        .until("creative commons is not a party to its public licenses"),
    of(
        "CC-BY-SA-4.0",
        "creative commons attribution sharealike 4.0 international public license by exercising",
        &[],
    )
    .until("creative commons is not a party to its public licenses"),
    beside("CC-BY-4.0", "creative commons is not a party to its public licenses", &[]),
    beside("CC-BY-4.0", "creative commons corporation creative commons is not a law firm", &[])
        .until("creative commons attribution 4.0 international public license by exercising"),
    beside("CC-BY-SA-4.0", "creative commons corporation creative commons is not a law firm", &[])
        .until("creative commons attribution sharealike 4.0 international public license by exercising"),
    beside("CC0-1.0", "creative commons corporation is not a law firm", &[]).until("statement of purpose"),
    of("CC0-1.0", "the laws of most jurisdictions", &[]),
    of("CDDL-1.0", "definitions 1.1 contributor means each", &[]),
    of("EPL-1.0", "the accompanying program is provided", &[]),
    of("EPL-2.0", "the accompanying program is provided", &[]),
    of("EUPL-1.2", "this european union public license", &[]),
    of("Elastic-2.0", "by using the software you agree", &[]),
    of(
        "GPL-2.0",
        "preamble the licenses for most software",
        &[Or(
            "the gnu lesser general public license instead",
            &["the gnu library general public license instead"],
        )],
    )
    .until("how to apply these terms to your new programs"),
    beside(
        "GPL-2.0",
        "how to apply these terms to your new programs",
        &[
            Or("an idea of what", &["a brief idea of what"]),
            Or("copyright yyyy name of author this program", &["this program"]),
            Any("51 franklin street fifth floor boston ma 02110 1301 usa", ADDRESS),
        ],
    ),
    own(GPL_2_END, "this general public license does not permit", &[]),
    own(GPL_2_END, "this general public license does not permit", &[Be("lesser", &["library"])]),
    of("GPL-3.0", "preamble the gnu general public license is", &[])
        .until("how to apply these terms to your new programs"),
    beside("GPL-3.0", "how to apply these terms to your new programs", &[]),
    notice("AGPL-3.0-or-later", "AGPL-3.0", WORK).until("also add information"),
    notice("GPL-2.0-or-later", "GPL-2.0", WORK).until("51 franklin street fifth floor"),
    notice("GPL-3.0-or-later", "GPL-3.0", WORK).until("also add information"),
    notice("LGPL-2.1-or-later", "LGPL-2.1", LIBRARY).until("51 franklin street fifth floor"),
    of(
        "ISC",
        "permission to use copy modify",
        &[Or("and or distribute", &["and distribute", "distribute"]), Any("the author", NAME)],
    ),
    of("LGPL-2.1", "preamble the licenses for most software", &[])
        .until("how to apply these terms to your new libraries"),
    beside(
        "LGPL-2.1",
        "how to apply these terms to your new libraries",
        &[
            Or("an idea of what", &["a brief idea of what"]),
            Any("51 franklin street fifth floor boston ma 02110 1301 usa", ADDRESS),
        ],
    ),
    of("LGPL-3.0", "this version of the gnu lesser general public license incorporates", &[])
        .until("gnu general public license version 3, 29 june 2007"),
    // SPDX's text has that of the GPL behind it, which it adds permissions to.
    of("LGPL-3.0", "this version of the gnu lesser general public license incorporates", &[]),
    of(
        "MIT",
        "permission is hereby granted free of charge",
        &[Any("the authors or copyright holders", NAME)],
    ),
    of(
        "MIT-0",
        "permission is hereby granted free of charge",
        &[Any("the authors or copyright holders", NAME)],
    ),
    of("MPL-2.0", "definitions 1.1 contributor means each", &[]),
    of("MulanPSL-2.0", "您对“软件”的复制、使用、修改及分发受木兰宽松许可证，第2版", &[]),
    of("MulanPSL-2.0", "your reproduction use modification and distribution", &[]),
    of("NCSA", "permission is hereby granted free of charge", &[]),
    of("PostgreSQL", "permission to use copy modify", &[Any("the university of california", NAME)]),
    of("SSPL-1.0", "terms and conditions definitions this license", &[]),
    of("UPL-1.0", "subject to the condition set", &[]),
    of(
        "Unlicense",
        "this is free and unencumbered software",
        &[Or("for more information please refer to", &[""])],
    ),
    of("WTFPL", "everyone is permitted to copy and distribute verbatim or modified", &[]),
    of("Zlib", "this software is provided as is", &[]),
    own(
        "Everyone is permitted to copy and distribute verbatim copies of this license document, but changing it is not allowed.",
        "everyone is permitted",
        &[],
    ),
    own(
        "[This is the first released version of the Lesser GPL. It also counts as the successor of the GNU Library Public License, \
         version 2, hence the version number 2.1.]",
        "this is the first",
        &[],
    ),
    // FreeBSD's end of the BSD licence, but for the name of whose policies they are not.
    own(
        "The views and conclusions contained in the software and documentation are those of the authors and should not be \
         interpreted as representing official policies, either expressed or implied, of",
        "the views and conclusions",
        &[],
    ),
    // gopkg.in/yaml.v2 and v3, which most programs have.
    own(
        "This project is covered by two different licenses: MIT and Apache.",
        "this project is covered",
        &[],
    ),
    own(
        "The following files were ported to Go from C files of libyaml, and thus are still covered by their original MIT license, \
         with the additional copyright staring in 2011 when the project was ported over:",
        "the following files were",
        &[
            Or("with the additional copyright staring in 2011 when the project was ported over", &[""]),
            Or("original mit license", &["original copyright and license"]),
        ],
    ),
    own(
        "All the remaining project files are covered by the Apache license:",
        "all the remaining project",
        &[],
    ),
];
