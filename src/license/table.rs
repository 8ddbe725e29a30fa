//! Written by src/license/reference.rs from the texts of SPDX's licence list, which crate spdx has, and what copies of them differ in:
//! UPDATE_LICENSES=1 cargo test -p modgate --lib license::reference

use super::pattern::{Pattern, Run, Step};

/// The identifiers that may be told, sorted.
#[rustfmt::skip]
pub(super) const IDS: &[&str] = &[
    "0BSD",
    "AGPL-3.0",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BUSL-1.1",
    "BlueOak-1.0.0",
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "CDDL-1.0",
    "EPL-1.0",
    "EPL-2.0",
    "EUPL-1.2",
    "Elastic-2.0",
    "GPL-2.0",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "LGPL-2.1",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "MulanPSL-2.0",
    "NCSA",
    "PostgreSQL",
    "SSPL-1.0",
    "UPL-1.0",
    "Unlicense",
    "WTFPL",
    "Zlib",
];

/// How licences are written, sorted by how they begin.
#[rustfmt::skip]
pub(super) const PATTERNS: &[Pattern] = &[
    // MulanPSL-2.0
    Pattern { anchor: 0x024949175448db88, id: Some(35), steps: &[
        Step { gap: 0, runs: &[Run { words: 983, hash: 0x835d16aebcb86280 }] },
    ] },
    // Apache-2.0
    Pattern { anchor: 0x0c67629028655379, id: Some(4), steps: &[
        Step { gap: 0, runs: &[Run { words: 1377, hash: 0x01ca6d21732a192e }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0xda2937ec3493a306 }, Run { words: 0, hash: 0x0000000000000000 }] },
    ] },
    // LGPL-3.0
    Pattern { anchor: 0x0fd023f9f2abf22d, id: Some(29), steps: &[
        Step { gap: 0, runs: &[Run { words: 1141, hash: 0x88c759d70bfff521 }] },
    ] },
    // LGPL-3.0
    Pattern { anchor: 0x0fd023f9f2abf22d, id: Some(29), steps: &[
        Step { gap: 0, runs: &[Run { words: 6558, hash: 0x2cfbac1bea53043e }] },
    ] },
    // CC0-1.0
    Pattern { anchor: 0x161934ce8d16e9fd, id: Some(13), steps: &[
        Step { gap: 0, runs: &[Run { words: 953, hash: 0xc0d83314bdae4ecd }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0x16cfd9ed113e864b, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 29, hash: 0xa964c348278aa67d }] },
    ] },
    // Zlib
    Pattern { anchor: 0x1fb533ac56540d11, id: Some(42), steps: &[
        Step { gap: 0, runs: &[Run { words: 129, hash: 0x24dd914b85a845e3 }] },
    ] },
    // Unlicense
    Pattern { anchor: 0x2e50e782993d00ce, id: Some(40), steps: &[
        Step { gap: 0, runs: &[Run { words: 190, hash: 0x17157bd6480b8595 }] },
        Step { gap: 0, runs: &[Run { words: 6, hash: 0x4ea763414032bcb6 }, Run { words: 0, hash: 0x0000000000000000 }] },
    ] },
    // UPL-1.0
    Pattern { anchor: 0x30bdd52ba2e4278d, id: Some(39), steps: &[
        Step { gap: 0, runs: &[Run { words: 278, hash: 0x2f1486e0c166e69f }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0x41bfd1bb6cfea17d, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 44, hash: 0x5357e1373295bcd8 }] },
        Step { gap: 0, runs: &[Run { words: 1, hash: 0x26de4f13af746c99 }] },
        Step { gap: 0, runs: &[Run { words: 7, hash: 0x43149c134987681a }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0x41bfd1bb6cfea17d, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 52, hash: 0xbe84386b6835b855 }] },
    ] },
    // BSL-1.0
    Pattern { anchor: 0x4479185e36852c78, id: Some(8), steps: &[
        Step { gap: 0, runs: &[Run { words: 202, hash: 0x2fddae7974f6b9b1 }] },
    ] },
    // MIT
    Pattern { anchor: 0x4479185e36852c78, id: Some(32), steps: &[
        Step { gap: 0, runs: &[Run { words: 121, hash: 0x49004663b9163921 }] },
        Step { gap: 16, runs: &[Run { words: 37, hash: 0x060f7d9be2fc5196 }] },
    ] },
    // MIT-0
    Pattern { anchor: 0x4479185e36852c78, id: Some(33), steps: &[
        Step { gap: 0, runs: &[Run { words: 96, hash: 0xdd484bdb88155ab3 }] },
        Step { gap: 16, runs: &[Run { words: 37, hash: 0x060f7d9be2fc5196 }] },
    ] },
    // NCSA
    Pattern { anchor: 0x4479185e36852c78, id: Some(36), steps: &[
        Step { gap: 0, runs: &[Run { words: 224, hash: 0x3477154be903b25e }] },
    ] },
    // Artistic-2.0
    Pattern { anchor: 0x4b1c58e76f86a069, id: Some(5), steps: &[
        Step { gap: 0, runs: &[Run { words: 1307, hash: 0x4e2b12ae874f3494 }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0x50f18c17afa271fa, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 29, hash: 0x7790d819db46fdcb }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0x5b2319a152321e73, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 34, hash: 0x53a7ca3fce69d116 }] },
    ] },
    // BSD-2-Clause
    Pattern { anchor: 0x5eafc84c63a86ebd, id: Some(6), steps: &[
        Step { gap: 0, runs: &[Run { words: 21, hash: 0x2e4014e623fca6eb }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0x18abe009b408b3ab }, Run { words: 5, hash: 0x07c1f4c6634c0a58 }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0x8a27e6c0450f9786 }] },
        Step { gap: 0, runs: &[Run { words: 8, hash: 0xb18942a1b8a76ce8 }, Run { words: 8, hash: 0x16d5c469a2fa1ce3 }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0x094f9b457dc846dc }, Run { words: 5, hash: 0xf865b0022d0b9d89 }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0xd5207f86d2a62677 }] },
        Step { gap: 0, runs: &[Run { words: 8, hash: 0xb18942a1b8a76ce8 }, Run { words: 8, hash: 0x16d5c469a2fa1ce3 }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0xbdcb9301f8c3443e }] },
        Step { gap: 0, runs: &[Run { words: 3, hash: 0x66b7878691c17dd1 }, Run { words: 3, hash: 0xc8a36989a43b26fe }] },
        Step { gap: 0, runs: &[Run { words: 8, hash: 0xd4dfcda33619b8aa }] },
        Step { gap: 16, runs: &[Run { words: 29, hash: 0x17ecfd01bb6c49f8 }] },
        Step { gap: 16, runs: &[Run { words: 71, hash: 0xabc5ba3799f70ac0 }] },
    ] },
    // BSD-3-Clause
    Pattern { anchor: 0x5eafc84c63a86ebd, id: Some(7), steps: &[
        Step { gap: 0, runs: &[Run { words: 21, hash: 0x2e4014e623fca6eb }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0x18abe009b408b3ab }, Run { words: 5, hash: 0x07c1f4c6634c0a58 }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0x8a27e6c0450f9786 }] },
        Step { gap: 0, runs: &[Run { words: 8, hash: 0xb18942a1b8a76ce8 }, Run { words: 8, hash: 0x16d5c469a2fa1ce3 }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0x094f9b457dc846dc }, Run { words: 5, hash: 0xf865b0022d0b9d89 }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0xd5207f86d2a62677 }] },
        Step { gap: 0, runs: &[Run { words: 8, hash: 0xb18942a1b8a76ce8 }, Run { words: 8, hash: 0x16d5c469a2fa1ce3 }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0xbdcb9301f8c3443e }] },
        Step { gap: 0, runs: &[Run { words: 3, hash: 0x66b7878691c17dd1 }, Run { words: 3, hash: 0xc8a36989a43b26fe }] },
        Step { gap: 0, runs: &[Run { words: 3, hash: 0xbd94d8d67c06fcfe }] },
        Step { gap: 0, runs: &[Run { words: 3, hash: 0xa01886336e7f0d58 }, Run { words: 3, hash: 0xff47a604f5b9502c }, Run { words: 2, hash: 0x3f56237a1f46a4e9 }] },
        Step { gap: 16, runs: &[Run { words: 6, hash: 0xb77afc05f72dad1b }] },
        Step { gap: 0, runs: &[Run { words: 8, hash: 0x984f3c001802d7c3 }] },
        Step { gap: 0, runs: &[Run { words: 4, hash: 0x101722e0173066ff }, Run { words: 3, hash: 0xbcebec6a907aeef0 }, Run { words: 3, hash: 0x1ab4413a0ae26ba1 }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0x84344277689142b4 }] },
        Step { gap: 16, runs: &[Run { words: 29, hash: 0x17ecfd01bb6c49f8 }] },
        Step { gap: 16, runs: &[Run { words: 71, hash: 0xabc5ba3799f70ac0 }] },
    ] },
    // BSD-3-Clause
    Pattern { anchor: 0x5eafc84c63a86ebd, id: Some(7), steps: &[
        Step { gap: 0, runs: &[Run { words: 21, hash: 0x2e4014e623fca6eb }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0x18abe009b408b3ab }, Run { words: 5, hash: 0x07c1f4c6634c0a58 }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0x8a27e6c0450f9786 }] },
        Step { gap: 0, runs: &[Run { words: 8, hash: 0xb18942a1b8a76ce8 }, Run { words: 8, hash: 0x16d5c469a2fa1ce3 }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0x094f9b457dc846dc }, Run { words: 5, hash: 0xf865b0022d0b9d89 }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0xd5207f86d2a62677 }] },
        Step { gap: 0, runs: &[Run { words: 8, hash: 0xb18942a1b8a76ce8 }, Run { words: 8, hash: 0x16d5c469a2fa1ce3 }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0xbdcb9301f8c3443e }] },
        Step { gap: 0, runs: &[Run { words: 3, hash: 0x66b7878691c17dd1 }, Run { words: 3, hash: 0xc8a36989a43b26fe }] },
        Step { gap: 0, runs: &[Run { words: 3, hash: 0xbd94d8d67c06fcfe }] },
        Step { gap: 0, runs: &[Run { words: 4, hash: 0xf3bb01dbb94cd5a3 }, Run { words: 4, hash: 0x52ea21ad40871877 }, Run { words: 3, hash: 0xa8dcae043e660fc8 }, Run { words: 3, hash: 0x8792c025ed7da276 }, Run { words: 4, hash: 0x03a61da042eb9a2d }, Run { words: 1, hash: 0x65367c8389f2d557 }] },
        Step { gap: 16, runs: &[Run { words: 13, hash: 0xee87ca476a5c56a3 }] },
        Step { gap: 0, runs: &[Run { words: 4, hash: 0x101722e0173066ff }, Run { words: 3, hash: 0xbcebec6a907aeef0 }, Run { words: 3, hash: 0x1ab4413a0ae26ba1 }] },
        Step { gap: 0, runs: &[Run { words: 5, hash: 0x84344277689142b4 }] },
        Step { gap: 16, runs: &[Run { words: 29, hash: 0x17ecfd01bb6c49f8 }] },
        Step { gap: 16, runs: &[Run { words: 71, hash: 0xabc5ba3799f70ac0 }] },
    ] },
    // Elastic-2.0
    Pattern { anchor: 0x6518e3aba92af265, id: Some(18), steps: &[
        Step { gap: 0, runs: &[Run { words: 604, hash: 0x2bb837fa4f11452f }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0x6b06512ab4bba624, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 181, hash: 0x60ae6c1f0d6c56de }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0x6dcbe13d0505f1b8, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 11, hash: 0x6a8a81d51760a48f }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0x71aa0ad83d48bc06, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 140, hash: 0x04a1d651570a1f2d }] },
    ] },
    // CC-BY-4.0
    Pattern { anchor: 0x73f7c70d50211f84, id: Some(11), steps: &[
        Step { gap: 0, runs: &[Run { words: 1949, hash: 0x4941101fed047d82 }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0x7d35ae9c9f78d804, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 107, hash: 0xbe2ec80f84a1dba3 }] },
        Step { gap: 0, runs: &[Run { words: 4, hash: 0xc68addba73477be8 }, Run { words: 4, hash: 0xd1234be25b909748 }] },
        Step { gap: 0, runs: &[Run { words: 2, hash: 0x861093d2b143a682 }] },
        Step { gap: 0, runs: &[Run { words: 7, hash: 0xe75df3d52acac963 }, Run { words: 2, hash: 0xfc0a8a75c02a7c48 }] },
        Step { gap: 0, runs: &[Run { words: 101, hash: 0x4ee4b89e92c4b984 }] },
        Step { gap: 12, runs: &[Run { words: 175, hash: 0xd1226b3475c1db7a }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0x7d35ae9c9f78d804, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 120, hash: 0x3f43c0a736ebad10 }] },
        Step { gap: 0, runs: &[Run { words: 4, hash: 0xc68addba73477be8 }, Run { words: 4, hash: 0xd1234be25b909748 }] },
        Step { gap: 0, runs: &[Run { words: 108, hash: 0x0fd18da556c3f47f }] },
        Step { gap: 12, runs: &[Run { words: 82, hash: 0x00911c3947102c6e }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0x7d35ae9c9f78d804, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 338, hash: 0xc89482d1f9fc04fc }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0x7d35ae9c9f78d804, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 407, hash: 0x814d1fde3480e2eb }] },
    ] },
    // MulanPSL-2.0
    Pattern { anchor: 0x8549eb9897715ee5, id: Some(35), steps: &[
        Step { gap: 0, runs: &[Run { words: 725, hash: 0x262ec6b7e2462ca2 }] },
    ] },
    // EUPL-1.2
    Pattern { anchor: 0x8600c7afa53ec2f3, id: Some(17), steps: &[
        Step { gap: 0, runs: &[Run { words: 2148, hash: 0xd7c6edca10c35bca }] },
    ] },
    // EPL-1.0
    Pattern { anchor: 0x88ca5523c191ef70, id: Some(15), steps: &[
        Step { gap: 0, runs: &[Run { words: 1638, hash: 0x96817b8e98a85bb3 }] },
    ] },
    // EPL-2.0
    Pattern { anchor: 0x88ca5523c191ef70, id: Some(16), steps: &[
        Step { gap: 0, runs: &[Run { words: 2047, hash: 0x7f368107fa432f6d }] },
    ] },
    // BUSL-1.1
    Pattern { anchor: 0x894bab7e21bf84d7, id: Some(9), steps: &[
        Step { gap: 0, runs: &[Run { words: 4, hash: 0x894bab7e21bf84d7 }] },
        Step { gap: 300, runs: &[Run { words: 330, hash: 0x288f47601ca615dd }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0x9c36317eb9e0a748, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 382, hash: 0xa0eee4c01957c64e }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0x9c36317eb9e0a748, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 382, hash: 0xa0eee4c01957c64e }] },
    ] },
    // SSPL-1.0
    Pattern { anchor: 0x9ce817106f7dd51f, id: Some(38), steps: &[
        Step { gap: 0, runs: &[Run { words: 4532, hash: 0xf5298d3aa118cee8 }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0xa52c7d1f3a7f08c6, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 19, hash: 0x14f1b75ae52b9ae4 }] },
    ] },
    // WTFPL
    Pattern { anchor: 0xa52c7d1f3a7f08c6, id: Some(41), steps: &[
        Step { gap: 0, runs: &[Run { words: 53, hash: 0xf43cd93dc4ac03cb }] },
    ] },
    // CDDL-1.0
    Pattern { anchor: 0xa9dc0c3f1b5227dd, id: Some(14), steps: &[
        Step { gap: 0, runs: &[Run { words: 2467, hash: 0xa153a0d10131d1bb }] },
    ] },
    // MPL-2.0
    Pattern { anchor: 0xa9dc0c3f1b5227dd, id: Some(34), steps: &[
        Step { gap: 0, runs: &[Run { words: 2271, hash: 0x3bdb7f407d193b8e }] },
    ] },
    // BlueOak-1.0.0
    Pattern { anchor: 0xc20ffc08987f4ac9, id: Some(10), steps: &[
        Step { gap: 0, runs: &[Run { words: 235, hash: 0x3372286416c74a4b }] },
    ] },
    // GPL-2.0
    Pattern { anchor: 0xc9314954360745be, id: Some(19), steps: &[
        Step { gap: 0, runs: &[Run { words: 81, hash: 0x5e5b591282590365 }] },
        Step { gap: 0, runs: &[Run { words: 7, hash: 0x42ebd03790ad5007 }, Run { words: 7, hash: 0x9bbc5d32abd54601 }] },
        Step { gap: 0, runs: &[Run { words: 2305, hash: 0x8d383208b20bec14 }] },
    ] },
    // LGPL-2.1
    Pattern { anchor: 0xc9314954360745be, id: Some(26), steps: &[
        Step { gap: 0, runs: &[Run { words: 3846, hash: 0x6f4f679e5be2cbcc }] },
    ] },
    // 0BSD
    Pattern { anchor: 0xced23daeaa8fa60d, id: Some(0), steps: &[
        Step { gap: 0, runs: &[Run { words: 5, hash: 0xecfe6b5ce654a4c1 }] },
        Step { gap: 0, runs: &[Run { words: 3, hash: 0x839b60f10174c9a3 }, Run { words: 2, hash: 0x79c9d0b2752fb2cc }] },
        Step { gap: 0, runs: &[Run { words: 90, hash: 0xe2f19211bc3a164d }] },
    ] },
    // ISC
    Pattern { anchor: 0xced23daeaa8fa60d, id: Some(25), steps: &[
        Step { gap: 0, runs: &[Run { words: 5, hash: 0xecfe6b5ce654a4c1 }] },
        Step { gap: 0, runs: &[Run { words: 3, hash: 0x839b60f10174c9a3 }, Run { words: 2, hash: 0x79c9d0b2752fb2cc }, Run { words: 1, hash: 0x8ab211807031fbe5 }] },
        Step { gap: 0, runs: &[Run { words: 33, hash: 0x080f9d9ce95ec080 }] },
        Step { gap: 16, runs: &[Run { words: 20, hash: 0x327c538af9b89bb2 }] },
        Step { gap: 16, runs: &[Run { words: 47, hash: 0xa70c38960106a3b3 }] },
    ] },
    // PostgreSQL
    Pattern { anchor: 0xced23daeaa8fa60d, id: Some(37), steps: &[
        Step { gap: 0, runs: &[Run { words: 46, hash: 0x105085832437d16a }] },
        Step { gap: 16, runs: &[Run { words: 29, hash: 0x239d32d30bc33c3e }] },
        Step { gap: 16, runs: &[Run { words: 9, hash: 0x1e838e7f3da691c3 }] },
        Step { gap: 16, runs: &[Run { words: 30, hash: 0xcbc34fff5ba8c074 }] },
        Step { gap: 16, runs: &[Run { words: 11, hash: 0x7296192aa59721f0 }] },
    ] },
    // AGPL-3.0
    Pattern { anchor: 0xd42087c4f96f2a38, id: Some(1), steps: &[
        Step { gap: 0, runs: &[Run { words: 4937, hash: 0xe371c702861adf5c }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0xd5d203937a79c6b8, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 11, hash: 0x7c0b2cde6d67611a }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0xd6189f94ea9cdca2, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 18, hash: 0x105d0ec8c921574f }] },
        Step { gap: 0, runs: &[Run { words: 3, hash: 0x0d428aaef6446cb8 }, Run { words: 4, hash: 0x1b6c0c79ebc70a03 }] },
        Step { gap: 0, runs: &[Run { words: 13, hash: 0x2705bf51d4eca6e7 }, Run { words: 0, hash: 0x0000000000000000 }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0xd752569fdbe8f372, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 83, hash: 0x74a21ec8d090304b }] },
    ] },
    // Apache-2.0
    Pattern { anchor: 0xed7893dc1f1ff0c3, id: Some(4), steps: &[
        Step { gap: 0, runs: &[Run { words: 9, hash: 0x6bcd06b062410ed8 }] },
        Step { gap: 0, runs: &[Run { words: 6, hash: 0x527d346faf2778a9 }, Run { words: 6, hash: 0x2c872b48ee31130e }] },
        Step { gap: 0, runs: &[Run { words: 61, hash: 0x8d0c6beab3f1a278 }] },
    ] },
    // CC-BY-SA-4.0
    Pattern { anchor: 0xef3df4f45dffbec8, id: Some(12), steps: &[
        Step { gap: 0, runs: &[Run { words: 2139, hash: 0x11c5fbb511f8c096 }] },
    ] },
    // GPL-3.0
    Pattern { anchor: 0xf41874d630679e02, id: Some(22), steps: &[
        Step { gap: 0, runs: &[Run { words: 4982, hash: 0x7253ce11fc323fa3 }] },
    ] },
    // AGPL-3.0-or-later
    Pattern { anchor: 0xfa28177483f3e3b5, id: Some(3), steps: &[
        Step { gap: 0, runs: &[Run { words: 41, hash: 0xd61a23d6d59bf846 }] },
        Step { gap: 0, runs: &[Run { words: 2, hash: 0xfc0a8a75c02a7c48 }, Run { words: 2, hash: 0x46040d1804c2cc57 }, Run { words: 2, hash: 0xab5cd72242f7ab25 }, Run { words: 2, hash: 0xcbb04c043f7e6901 }, Run { words: 2, hash: 0x881ab5d9fb6a1bfe }, Run { words: 2, hash: 0xa3623f9812479344 }, Run { words: 2, hash: 0x7a783051ece89235 }] },
        Step { gap: 0, runs: &[Run { words: 50, hash: 0xa1b4cee912395717 }] },
        Step { gap: 0, runs: &[Run { words: 2, hash: 0xfc0a8a75c02a7c48 }, Run { words: 2, hash: 0x46040d1804c2cc57 }, Run { words: 2, hash: 0xab5cd72242f7ab25 }, Run { words: 2, hash: 0xcbb04c043f7e6901 }, Run { words: 2, hash: 0x881ab5d9fb6a1bfe }, Run { words: 2, hash: 0xa3623f9812479344 }, Run { words: 2, hash: 0x7a783051ece89235 }] },
        Step { gap: 0, runs: &[Run { words: 3, hash: 0xc817b92dc2148215 }] },
    ] },
    // GPL-2.0-or-later
    Pattern { anchor: 0xfa28177483f3e3b5, id: Some(21), steps: &[
        Step { gap: 0, runs: &[Run { words: 40, hash: 0x5f807fc7fad3339e }] },
        Step { gap: 0, runs: &[Run { words: 2, hash: 0xfc0a8a75c02a7c48 }, Run { words: 2, hash: 0x46040d1804c2cc57 }, Run { words: 2, hash: 0xab5cd72242f7ab25 }, Run { words: 2, hash: 0xcbb04c043f7e6901 }, Run { words: 2, hash: 0x881ab5d9fb6a1bfe }, Run { words: 2, hash: 0xa3623f9812479344 }, Run { words: 2, hash: 0x7a783051ece89235 }] },
        Step { gap: 0, runs: &[Run { words: 48, hash: 0xbf4e4ac0f839bf7d }] },
        Step { gap: 0, runs: &[Run { words: 2, hash: 0xfc0a8a75c02a7c48 }, Run { words: 2, hash: 0x46040d1804c2cc57 }, Run { words: 2, hash: 0xab5cd72242f7ab25 }, Run { words: 2, hash: 0xcbb04c043f7e6901 }, Run { words: 2, hash: 0x881ab5d9fb6a1bfe }, Run { words: 2, hash: 0xa3623f9812479344 }, Run { words: 2, hash: 0x7a783051ece89235 }] },
        Step { gap: 0, runs: &[Run { words: 9, hash: 0xe847b11a15241fc5 }] },
    ] },
    // GPL-3.0-or-later
    Pattern { anchor: 0xfa28177483f3e3b5, id: Some(24), steps: &[
        Step { gap: 0, runs: &[Run { words: 40, hash: 0x41971edc25d9436f }] },
        Step { gap: 0, runs: &[Run { words: 2, hash: 0xfc0a8a75c02a7c48 }, Run { words: 2, hash: 0x46040d1804c2cc57 }, Run { words: 2, hash: 0xab5cd72242f7ab25 }, Run { words: 2, hash: 0xcbb04c043f7e6901 }, Run { words: 2, hash: 0x881ab5d9fb6a1bfe }, Run { words: 2, hash: 0xa3623f9812479344 }, Run { words: 2, hash: 0x7a783051ece89235 }] },
        Step { gap: 0, runs: &[Run { words: 48, hash: 0xbf4e4ac0f839bf7d }] },
        Step { gap: 0, runs: &[Run { words: 2, hash: 0xfc0a8a75c02a7c48 }, Run { words: 2, hash: 0x46040d1804c2cc57 }, Run { words: 2, hash: 0xab5cd72242f7ab25 }, Run { words: 2, hash: 0xcbb04c043f7e6901 }, Run { words: 2, hash: 0x881ab5d9fb6a1bfe }, Run { words: 2, hash: 0xa3623f9812479344 }, Run { words: 2, hash: 0x7a783051ece89235 }] },
        Step { gap: 0, runs: &[Run { words: 3, hash: 0xc817b92dc2148215 }] },
    ] },
    // LGPL-2.1-or-later
    Pattern { anchor: 0xfa28177483f3e3b5, id: Some(28), steps: &[
        Step { gap: 0, runs: &[Run { words: 41, hash: 0xc45590ad03acb960 }] },
        Step { gap: 0, runs: &[Run { words: 2, hash: 0x46040d1804c2cc57 }, Run { words: 2, hash: 0xfc0a8a75c02a7c48 }, Run { words: 2, hash: 0xab5cd72242f7ab25 }, Run { words: 2, hash: 0xcbb04c043f7e6901 }, Run { words: 2, hash: 0x881ab5d9fb6a1bfe }, Run { words: 2, hash: 0xa3623f9812479344 }, Run { words: 2, hash: 0x7a783051ece89235 }] },
        Step { gap: 0, runs: &[Run { words: 50, hash: 0xa5d8f4a25a372507 }] },
        Step { gap: 0, runs: &[Run { words: 2, hash: 0x46040d1804c2cc57 }, Run { words: 2, hash: 0xfc0a8a75c02a7c48 }, Run { words: 2, hash: 0xab5cd72242f7ab25 }, Run { words: 2, hash: 0xcbb04c043f7e6901 }, Run { words: 2, hash: 0x881ab5d9fb6a1bfe }, Run { words: 2, hash: 0xa3623f9812479344 }, Run { words: 2, hash: 0x7a783051ece89235 }] },
        Step { gap: 0, runs: &[Run { words: 9, hash: 0xe847b11a15241fc5 }] },
    ] },
    // says nothing of its own
    Pattern { anchor: 0xffcb14c2718393e8, id: None, steps: &[
        Step { gap: 0, runs: &[Run { words: 71, hash: 0x6f6215c4f02e6b3e }] },
    ] },
];

/// Lines that are titles and no more, sorted, and what the identifiers begin with of which they are.
#[rustfmt::skip]
pub(super) const TITLES: &[(u64, &str)] = &[
    (0x01d01dc31742ae14, "MIT"),
    (0x0272230974db849c, ""),
    (0x04016556c823e4b3, "CC-BY-4.0"),
    (0x05653b7eacb1a5cc, "MIT-0"),
    (0x05b2295ddecb88b4, "Artistic-2.0"),
    (0x060949b9e2373433, "0BSD"),
    (0x097c34b6374b17da, "CC"),
    (0x09967f83660b887a, "BSD-3-Clause"),
    (0x0ea1d34472b339db, "Zlib"),
    (0x10b70fb80ada40b9, "BSD-3-Clause"),
    (0x158ebf8d8ecdb792, "Apache-2.0"),
    (0x167c2d73ece133d3, "BSD-2-Clause"),
    (0x1755cd2dc4fb5b73, "PostgreSQL"),
    (0x17a40c01b0835fda, "BSD-3-Clause"),
    (0x18761259fd5415a8, "CC-BY-4.0"),
    (0x194b80e53312f01a, "BSD-2-Clause"),
    (0x1c02abfa8036d9ce, "LGPL-3.0"),
    (0x1c2a3165b3b25eb1, "NCSA"),
    (0x1cab481eae48a4dc, "MIT"),
    (0x2048067532664e66, "Elastic-2.0"),
    (0x20ea61b2da00d292, "CC0-1.0"),
    (0x21cff57852714b49, "MIT"),
    (0x22f3da0764d22fc6, "AGPL-3.0"),
    (0x25241b8c7f25ef1a, "MIT"),
    (0x2555ea1e61a9a0c3, "MPL-2.0"),
    (0x27bc8b936dbf9142, "Apache-2.0"),
    (0x27eb92ddf3dc93ce, "GPL-2.0"),
    (0x2830bd015ba11d49, "BSL-1.0"),
    (0x28dc261fc653946c, "NCSA"),
    (0x2c23d1c3eb2e801f, "BlueOak-1.0.0"),
    (0x2e562b1b0841e12d, "LGPL"),
    (0x317433ed4643075c, "MPL-2.0"),
    (0x328fee9cc59675ec, ""),
    (0x336e2f49d65549d3, "GPL-2.0"),
    (0x37c7d3e732d8bab6, "0BSD"),
    (0x38967169f950dc96, "Zlib"),
    (0x38adc6c7a4c05ea1, "BSD-2-Clause"),
    (0x3a92eb871255eb07, "Apache-2.0"),
    (0x3a957c6fcc5e193b, "BSD-3-Clause"),
    (0x421d45c6f6a4e3e8, ""),
    (0x43164545d6acafa4, "EPL-2.0"),
    (0x432f42cbbdb90900, "MIT"),
    (0x471ed175df6cffc9, "Apache-2.0"),
    (0x479bc2941c294454, ""),
    (0x49bd6a495cfcc37c, "Apache-2.0"),
    (0x4b62802cd65b8de3, "ISC"),
    (0x4c0992c7607b7a67, "EPL"),
    (0x506abf16a485291d, "BSD"),
    (0x55b209796153953d, "MulanPSL-2.0"),
    (0x568644b1907ce367, "GPL"),
    (0x57a6ae27ba5db41f, "MPL-2.0"),
    (0x59390dbd037cb252, ""),
    (0x59df3fe516abd22e, "MulanPSL-2.0"),
    (0x59f7c2523e0b87c2, "BSD-3-Clause"),
    (0x5a00fc18d1c6874c, "BSD"),
    (0x5dec4fdc5b1cbdbc, "ISC"),
    (0x60771fa73bc2d8e4, ""),
    (0x609f217878ae47e7, "UPL-1.0"),
    (0x63e3891eecb9511a, "CC-BY-4.0"),
    (0x676480ce8e45b505, "MIT"),
    (0x67de5fc706782b13, "GPL-3.0"),
    (0x6d3a975bcea21a53, "BSD-3-Clause"),
    (0x6e1e420c963264aa, "EPL-2.0"),
    (0x6f6b1dd15ee5faa2, "Apache-2.0"),
    (0x7068c5e7786f005c, "BlueOak-1.0.0"),
    (0x70cef51e2c587147, "GPL-3.0"),
    (0x70f51f4be66e0a6a, "Elastic-2.0"),
    (0x71eb41377fbfa3ce, "CDDL-1.0"),
    (0x75e88a94022a51ee, "GPL"),
    (0x7e9de99e1e98a32b, "BSD-2-Clause"),
    (0x7eee6615d0738854, "BSD-3-Clause"),
    (0x80cc857afe963ef9, "CC0-1.0"),
    (0x8145cd24657d3082, "BSD"),
    (0x82c2ad12bfe3dcce, "LGPL-3.0"),
    (0x85074b6842379c4d, ""),
    (0x8630e22c9e7b1b6c, "CDDL-1.0"),
    (0x8965301a46dd9ef9, ""),
    (0x8aaff533ba94af92, "BSL-1.0"),
    (0x8e6f25f930cc09f1, "CC-BY-4.0"),
    (0x8e9638dbc4b47d43, "SSPL-1.0"),
    (0x8f7224a9ec62e090, "BSD-2-Clause"),
    (0x905635275bec00bc, "CC0-1.0"),
    (0x90b6557fdd5e49cf, "CC-BY-SA-4.0"),
    (0x916061bf14eb6947, "MIT-0"),
    (0x950ddc2926ed3a8c, "BSL-1.0"),
    (0x95497c9624da85b2, "PostgreSQL"),
    (0x965fbdaf83dc125d, "Unlicense"),
    (0x966b2999742d40f6, ""),
    (0x9827d65c4bc683df, "Artistic-2.0"),
    (0x98f23182faeb01d4, "GPL-2.0"),
    (0x9b7abaf50dd4815c, "CC-BY-SA-4.0"),
    (0x9e44a77818c8fbf0, "LGPL-2.1"),
    (0x9fac28c8fa69fc29, "EPL-2.0"),
    (0xa26b4c47a2681676, "UPL-1.0"),
    (0xa365b72eb12bb45a, "Unlicense"),
    (0xa3cf1310bc9d0d8b, "BSD-3-Clause"),
    (0xa8f1da7259dc2efe, "BSD-2-Clause"),
    (0xa92101e4d9ad0a05, "EPL-1.0"),
    (0xa98e9366acc436df, "MulanPSL-2.0"),
    (0xaa890c3f6b3935de, "WTFPL"),
    (0xb0b974f9ae400189, "0BSD"),
    (0xb1904a9236b37b86, "Apache-2.0"),
    (0xb799c88aec20ea45, "MIT"),
    (0xb8b898f9d97167e5, "AGPL-3.0"),
    (0xba6e5e4798152e16, "SSPL-1.0"),
    (0xbaa2c2019971b257, "Zlib"),
    (0xbc731ed2f371b82e, "EUPL-1.2"),
    (0xbc9f3c1eb276c0c8, "Apache-2.0"),
    (0xc1abc72532880636, "MPL-2.0"),
    (0xc25095f47e3da033, "Elastic-2.0"),
    (0xc33158f32e4a7c12, "BSD-3-Clause"),
    (0xc55c46c2016c0112, "CC-BY-SA-4.0"),
    (0xc5efd8d351c2643a, "CC0-1.0"),
    (0xd3cd31b10f835bf3, "CDDL-1.0"),
    (0xd8f915de5768a7fc, "MIT"),
    (0xdaaee8a13de4a184, "EPL-1.0"),
    (0xdc0d4cb071e75d0d, "BSD"),
    (0xdcf570d2f1eaff77, "Apache-2.0"),
    (0xddeda4cb1c120b3a, "WTFPL"),
    (0xdff8a073fb3d937d, "ISC"),
    (0xe34351c1dee01205, "EPL-1.0"),
    (0xe75820a2a998083e, "CC"),
    (0xe970d1662e668ac6, "MIT"),
    (0xec67043d482e4457, "AGPL-3.0"),
    (0xec78b91763788d29, "BSD-3-Clause"),
    (0xee1d400696055332, "BSD-2-Clause"),
    (0xeed02025f8823557, "BSD"),
    (0xf2294cfdae3bbf81, ""),
    (0xf6db295bcb80c07b, "GPL"),
    (0xf72f0735a3820b42, "LGPL-2.1"),
    (0xfeaf0eff7a798c9d, ""),
    (0xff7b2e8fe9eb21ca, "Apache-2.0"),
];
