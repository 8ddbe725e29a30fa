//! Lines that are titles and nothing more: of a licence, where the text behind it is that licence's, or of the file.

/// What the identifier of the licence begins with that has these titles.
pub(super) const TITLES: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "License",
            "Licensing",
            "License text",
            "The license",
            "License file",
            "License terms",
            "Copyright and license",
            "Copyright License",
            "License and copyright",
            "Terms and conditions",
            "Open source license",
        ],
    ),
    ("0BSD", &["0BSD License", "BSD Zero Clause License", "Zero-Clause BSD"]),
    (
        "AGPL-3.0",
        &[
            "GNU Affero General Public License",
            "GNU Affero General Public License Version 3",
            "GNU Affero General Public License Version 3, 19 November 2007",
        ],
    ),
    (
        "Apache-2.0",
        &[
            "Apache License",
            "The Apache License",
            "The Apache 2.0 License",
            "Apache 2.0 License",
            "Apache License 2.0",
            "Apache License Version 2.0",
            "The Apache License, Version 2.0",
            "Apache License Version 2.0, January 2004",
            "Apache License, Version 2.0 (Apache-2.0)",
            "Apache Software License",
        ],
    ),
    ("Artistic-2.0", &["The Artistic License 2.0", "Artistic License 2.0"]),
    (
        "BSD",
        &[
            "BSD License",
            "The BSD License",
            "Modified BSD License",
            "The Modified BSD License",
            "Revised BSD License",
        ],
    ),
    (
        "BSD-2-Clause",
        &[
            "BSD 2-Clause License",
            "The BSD 2-Clause License",
            "BSD 2-Clause \"Simplified\" License",
            "BSD 2-Clause License (FreeBSD/Simplified)",
            "Simplified BSD License",
            "The Simplified BSD License",
            "FreeBSD License",
        ],
    ),
    (
        "BSD-3-Clause",
        &[
            "BSD 3-Clause License",
            "The BSD 3-Clause License",
            "The 3-Clause BSD License",
            "3-Clause BSD License",
            "BSD 3-Clause \"New\" or \"Revised\" License",
            "BSD 3-Clause License (Revised)",
            "BSD-3-Clause License",
            "New BSD License",
            "New BSD License (BSD-3-Clause)",
            "The New BSD License",
            "New BSD License (3-clause)",
        ],
    ),
    (
        "BSL-1.0",
        &[
            "Boost Software License - Version 1.0 - August 17th, 2003",
            "Boost Software License",
            "Boost Software License 1.0",
        ],
    ),
    ("BlueOak-1.0.0", &["Blue Oak Model License", "Purpose"]),
    ("CC", &["Creative Commons Legal Code", "Creative Commons License"]),
    (
        "CC-BY-4.0",
        &[
            "Attribution 4.0 International",
            "Creative Commons Attribution 4.0 International",
            "Creative Commons Attribution 4.0 International License",
            "Creative Commons Attribution 4.0 International Public License",
        ],
    ),
    (
        "CC-BY-SA-4.0",
        &[
            "Attribution-ShareAlike 4.0 International",
            "Creative Commons Attribution-ShareAlike 4.0 International",
            "Creative Commons Attribution-ShareAlike 4.0 International Public License",
        ],
    ),
    (
        "CC0-1.0",
        &[
            "CC0 1.0 Universal",
            "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication",
            "Creative Commons CC0 1.0 Universal",
            "Statement of Purpose",
        ],
    ),
    (
        "CDDL-1.0",
        &[
            "Common Development and Distribution License (CDDL)",
            "Common Development and Distribution License (CDDL) Version 1.0",
            "Common Development and Distribution License",
        ],
    ),
    ("EPL", &["Eclipse Public License"]),
    (
        "EPL-1.0",
        &[
            "Eclipse Public License - v 1.0",
            "Eclipse Public License v1.0",
            "Eclipse Public License - Version 1.0",
        ],
    ),
    (
        "EPL-2.0",
        &[
            "Eclipse Public License - v 2.0",
            "Eclipse Public License v2.0",
            "Eclipse Public License 2.0",
            "Eclipse Public License - Version 2.0",
        ],
    ),
    ("EUPL-1.2", &["European Union Public Licence v. 1.2"]),
    ("Elastic-2.0", &["Elastic License 2.0", "Elastic License", "Acceptance"]),
    ("GPL", &["GNU General Public License", "The GNU General Public License", "GPL License"]),
    (
        "GPL-2.0",
        &[
            "GNU General Public License Version 2",
            "GNU General Public License, Version 2, June 1991",
            "The GNU General Public License, Version 2, June 1991 (GPLv2)",
        ],
    ),
    (
        "GPL-3.0",
        &["GNU General Public License Version 3", "GNU General Public License Version 3, 29 June 2007"],
    ),
    ("ISC", &["ISC License", "The ISC License", "ISC License (ISC)"]),
    ("LGPL", &["GNU Lesser General Public License"]),
    (
        "LGPL-2.1",
        &[
            "GNU Lesser General Public License Version 2.1",
            "GNU Lesser General Public License Version 2.1, February 1999",
        ],
    ),
    (
        "LGPL-3.0",
        &[
            "GNU Lesser General Public License Version 3",
            "GNU Lesser General Public License Version 3, 29 June 2007",
        ],
    ),
    (
        "MIT",
        &[
            "MIT",
            "MIT License",
            "The MIT License",
            "MIT License (MIT)",
            "The MIT License (MIT)",
            "MIT License (Expat)",
            "Expat License",
            "MIT Expat License",
            "License (MIT)",
            "License: MIT",
            "MIT-License",
            "The MIT License:",
        ],
    ),
    ("MIT-0", &["MIT No Attribution", "MIT No Attribution License"]),
    (
        "MPL-2.0",
        &[
            "Mozilla Public License",
            "Mozilla Public License Version 2.0",
            "Mozilla Public License, v. 2.0",
            "Mozilla Public License 2.0",
            "Mozilla Public License 2.0 (MPL-2.0)",
        ],
    ),
    (
        "MulanPSL-2.0",
        &[
            "木兰宽松许可证, 第2版",
            "Mulan Permissive Software License, Version 2",
            "Mulan Permissive Software License, Version 2 (Mulan PSL v2)",
        ],
    ),
    (
        "NCSA",
        &[
            "University of Illinois/NCSA Open Source License",
            "The University of Illinois/NCSA Open Source License",
        ],
    ),
    ("PostgreSQL", &["PostgreSQL License", "The PostgreSQL License"]),
    ("SSPL-1.0", &["Server Side Public License", "Server Side Public License Version 1, October 16, 2018"]),
    (
        "UPL-1.0",
        &[
            "The Universal Permissive License (UPL), Version 1.0",
            "Universal Permissive License (UPL), Version 1.0",
        ],
    ),
    ("Unlicense", &["The Unlicense", "Unlicense"]),
    (
        "WTFPL",
        &[
            "Do What The Fuck You Want To Public License",
            "Do What The Fuck You Want To Public License Version 2, December 2004",
        ],
    ),
    ("Zlib", &["zlib License", "The zlib License", "zlib/libpng License"]),
];
