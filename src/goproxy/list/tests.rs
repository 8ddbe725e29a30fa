use super::*;

/// What is to come of a list, written down as plainly as can be.
fn plainly(module: &ModulePath, body: &[u8]) -> Result<Vec<u8>, BadBody> {
    let text = &*String::from_utf8_lossy(body);
    let mut lines: Vec<_> = text.lines().filter_map(Line::parse).collect();
    if lines.is_empty() && text.split_ascii_whitespace().next().is_some() {
        return Err(no_list());
    }
    lines.retain(|line| gomod::check(module, line.version()).is_ok());
    lines.sort_by(|a, b| a.version().cmp(b.version()).then(b.when().cmp(&a.when())));
    lines.dedup_by(|next, line| next.version() == line.version());
    let mut list = Vec::new();
    lines.iter().for_each(|line| line.write(&mut list));
    Ok(list)
}

#[track_caller]
fn assert_same(module: &str, body: &[u8]) {
    let module = ModulePath::parse(module).unwrap();
    let expected = plainly(&module, body);
    for (lines, bytes) in [(1, 1), (3, usize::MAX), (usize::MAX, 10), (usize::MAX, usize::MAX)] {
        let mut reader = ListReader::of(&module, body.to_vec());
        let read = loop {
            if let Some(read) = reader.work_on(lines, bytes) {
                break read;
            }
        };
        let text = String::from_utf8_lossy(body);
        if let Ok((body, tag)) = &read {
            assert_eq!(*tag, Etag::of(body), "{text:?}");
        }
        assert_eq!(read.map(|(body, _)| body), expected, "{text:?} in slices of {lines}, {bytes}");
    }
}

#[test]
fn read_in_slices_it_is_what_it_is_read_at_once() {
    for body in [
        "",
        "\n\n",
        " \t\r\n",
        "v1.0.0",
        "v1.0.0\r\nv1.0.1 2020-01-01T00:00:00Z\r\n",
        "v1.1.0\nv1.0.0\nv1.1.0\nv1.0.0\n",
        "v1.0.0\nv1.0.0\nv1.0.0",
        "not found\n",
        "v2.0.0\n",
        "v2.0.0\nnot found: v1.0.0\n",
        "v1.0.0\nv0.0.0-20240102030405-abcdefabcdef\nv1.0.0-rc.1\n",
        "v2.0.0+incompatible\nv2.0.0\nv10.0.0+incompatible\nv1.0.0+meta\nv1\n",
    ] {
        for module in ["example.com/m", "example.com/m/v2"] {
            assert_same(module, body.as_bytes());
        }
    }
    assert_same("example.com/m", b"v1.0.0\n\xff\n");
    assert_same("example.com/m", b"v1.0.0 \xff\n\xfe v1.1.0\nv1.2.0\xff\n");
    assert_same("example.com/m", b"\xff");
    let module = ModulePath::parse("example.com/m").unwrap();
    let read = ListReader::of(&module, b"v1.0.0\n\xff\nv1.1.0\n".to_vec()).finish();
    assert_eq!(read.as_deref(), Ok(&b"v1.0.0\nv1.1.0\n"[..]));
    assert_same("example.com/m", "v1.0.0\n\u{2028}v1.1.0\n\u{b}v1.2.0\n".as_bytes());
}

#[test]
fn whatever_is_listed_in_whatever_order_it_is_what_it_is_read_at_once() {
    let words = [
        "v1.0.0",
        "v1.0.0 2024-01-02T03:04:05Z",
        "v1.0.0 2025-01-02T03:04:05Z",
        "v1.0.1-rc.1",
        "v0.9.0",
        "v0.9.0 2023-01-02T03:04:05.5+02:00",
        "v1.10.0",
        "v2.0.0+incompatible",
        "v0.0.0-20240102030405-abcdefabcdef",
        "v0.0.0-20240102030405-abcdefabcdef 2020-01-02T03:04:05Z",
        "v0.0.0-20240102030405-abcdefabcdef x",
        "",
        "x",
        "v1.2",
        "v1.9.0 y",
    ];
    let mut seed = 1_u64;
    for _ in 0..2000 {
        let mut body = String::new();
        for _ in 0..seed % 12 {
            // Numerical Recipes' generator: any will do.
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % (1 << 32);
            body.push_str(words[(seed >> 16) as usize % words.len()]);
            body.push('\n');
        }
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % (1 << 32);
        assert_same("example.com/m", body.as_bytes());
    }
}

/// What one slice costs is bounded, and so is the number of slices.
#[test]
fn a_long_list_takes_a_number_of_slices_that_goes_by_its_versions() {
    let module = ModulePath::parse("example.com/m").unwrap();
    let list: String = (0..20_000).map(|n| format!("v1.{}.0\n", n * 7919 % 20_000)).collect();
    let expected = plainly(&module, list.as_bytes());
    let mut reader = ListReader::of(&module, list.into_bytes());
    let mut slices = 1;
    let read = loop {
        match reader.work() {
            Some(read) => break read,
            None => slices += 1,
        }
    };
    assert_eq!(read.map(|(body, _)| body), expected);
    assert!((13..=15).contains(&slices), "{slices} slices");
}
