use super::*;

fn used(documents: &[(&str, u8)]) -> Used {
    Used(documents.iter().map(|(document, uses)| ((*document).to_owned(), *uses)).collect())
}

#[test]
fn an_hour_of_the_week_is_named_by_its_day() {
    for (millis, time, name) in [
        (0, "1970-01-01T00:00:00Z", "thu-00"),
        (1_796_032_799_000, "2026-11-30T09:59:59Z", "mon-09"),
        (1_796_598_000_000, "2026-12-06T23:00:00Z", "sun-23"),
        (1_796_601_600_000, "2026-12-07T00:00:00Z", "mon-00"),
    ] {
        let now = Timestamp(millis);
        assert_eq!((now.rfc3339().as_str(), Hour::of(hour(now)).to_string().as_str()), (time, name));
        assert!(beginning(hour(now)) <= now && now < beginning(hour(now) + 1));
    }
}

#[test]
fn what_is_used_no_more_is_forgotten_in_weeks() {
    let (monday, week) = (495_633, HOURS_A_WEEK);
    let mut forecast = Forecast::default().learnt(monday, &used(&[("a", 1), ("b", 3)]), 8);
    assert_eq!(forecast.documents(8), ["b", "a"]);
    assert_eq!(forecast.documents(1), ["b"]);
    for passed in 1..=4 {
        forecast = forecast.learnt(monday + passed * week, &used(&[("b", 1)]), 8);
        assert_eq!(forecast.documents(8).contains(&"a"), passed < 5, "{passed}");
    }
    let forecast = forecast.learnt(monday + 5 * week, &used(&[("b", 1)]), 8);
    assert_eq!(forecast.documents(8), ["b"]);
}

#[test]
fn two_gateways_that_learn_the_same_hour_make_one_forecast() {
    let first = Forecast::default().learnt(7, &used(&[("a", 2)]), 8);
    let both = first.clone().learnt(7, &used(&[("b", 1)]), 8);
    assert_eq!(both.documents(8), ["a", "b"]);
    assert_eq!(both.clone().learnt(7, &used(&[("a", 2)]), 8), both, "to say it again changes nothing");
    // Written by a clock that was wrong.
    assert_eq!(both.learnt(6, &used(&[("c", 1)]), 8).documents(8), ["c"]);
}

#[test]
fn what_is_kept_is_bounded() {
    let mut many = Used::default();
    for n in 0..1000_u16 {
        many.note(&format!("m{n:03}"), u8::try_from(n % 16).unwrap(), 10);
        assert!(many.0.len() < 20);
    }
    let forecast = Forecast::default().learnt(1, &many, 10);
    assert_eq!(forecast.documents(100).len(), 10);
    assert!(forecast.documents.values().all(|weight| *weight == 15 * WEIGHT), "the most used are");
}

#[test]
fn what_storage_has_is_read_or_said_to_be_wrong() {
    let forecast = Forecast::default().learnt(7, &used(&[("github.com/acme/x/@v/list", 2)]), 8);
    let text = forecast.text();
    assert_eq!(text, r#"{"hour":7,"documents":{"github.com/acme/x/@v/list":32}}"#);
    assert_eq!(Forecast::read(text.as_bytes()), Ok(forecast));
    for wrong in
        ["", "<html>", "{}", r#"{"hour":-1,"documents":{}}"#, r#"{"hour":1,"documents":{"a":70000}}"#]
    {
        assert!(Forecast::read(wrong.as_bytes()).is_err(), "{wrong}");
    }
}
