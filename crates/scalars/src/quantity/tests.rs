use super::*;

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn canonical(text: &str) -> String {
    quantity(text).to_string()
}

#[test]
fn a_quantity_prints_in_canonical_form() {
    for (text, printed) in [
        ("0", "0"),
        ("1.5", "1500m"),
        ("1.5Gi", "1536Mi"),
        ("1024", "1024"),
        ("1024Ki", "1Mi"),
        ("1000m", "1"),
        ("1000k", "1M"),
        ("1e3", "1e3"),
        ("12E6", "12e6"),
        ("1E", "1E"),
        ("100u", "100u"),
        ("0.1n", "1n"),
        ("0.5Ki", "512"),
        ("0.0001Ki", "102400u"),
        ("-1.5Gi", "-1536Mi"),
        ("8Ei", "9223372036854775807"),
        ("-24837401530135347.61649426Pi", "-9223372036854775807"),
        ("Gi", "0"),
        ("9223372036854775807", "9223372036854775807"),
        ("1000E", "1e21"),
        ("+5", "5"),
        (".5", "500m"),
        ("1.", "1"),
    ] {
        assert_eq!(canonical(text), printed, "{text}");
    }
}

#[test]
fn a_text_of_another_form_is_no_quantity() {
    for text in [
        "", "1x", "abc", "1.2.3", "1 Gi", " 1", "1GiB", "1K", "--1", "1e", "1ee3", "é", "1h30m", "500mm",
        "Ei",
    ] {
        assert!(Quantity::parse(text).is_err(), "{text}");
    }
}

#[test]
fn amounts_compare_exactly_across_families_and_scales() {
    assert_eq!(quantity("1Gi"), quantity("1073741824"));
    assert_eq!(quantity("0.5"), quantity("500m"));
    assert!(quantity("1G") < quantity("1Gi"));
    assert!(quantity("-2") < quantity("-1"));
    assert!(quantity("1e1000") > quantity("9999999999999999999"));
    assert!(quantity("100000000000000000000001") > quantity("100e21"));
    assert_eq!(quantity("0Gi"), quantity("-0"));
}

#[test]
fn arithmetic_keeps_the_left_format() {
    let text = |result: Result<Quantity, QuantityError>| result.map(|q| q.to_string());
    assert_eq!(
        text(quantity("10Mi").checked_div(quantity("3"))),
        Ok("3495253".to_owned())
    );
    assert_eq!(
        text(quantity("1Gi").checked_add(quantity("1"))),
        Ok("1073741825".to_owned())
    );
    assert_eq!(
        text(quantity("500m").checked_add(quantity("1.5Gi"))),
        Ok("1610612736500m".to_owned())
    );
    assert_eq!(
        text(quantity("1Gi").checked_sub(quantity("512Mi"))),
        Ok("512Mi".to_owned())
    );
    assert_eq!(
        text(quantity("1.5Gi").checked_mul(quantity("2"))),
        Ok("3Gi".to_owned())
    );
    assert_eq!(
        quantity("10")
            .checked_rem(quantity("3"))
            .map(|q| q.map(|q| q.to_string())),
        Ok(Some("1".to_owned()))
    );
    assert_eq!(quantity("10").checked_rem(quantity("500m")), Ok(None));
    assert_eq!(
        quantity("10").checked_div(quantity("0")),
        Err(QuantityError::ZeroDivisor)
    );
}

#[test]
fn an_exponent_beyond_reason_costs_nothing_and_is_refused() {
    assert_eq!(Quantity::parse("1e2000000000"), Err(QuantityError::OutOfBounds));
    assert_eq!(
        Quantity::parse(&"9".repeat(100_000)),
        Err(QuantityError::OutOfBounds)
    );
    assert!(quantity("1e1000000").checked_add(quantity("1")).is_err());
}

#[test]
fn nothing_stays_nothing_at_every_exponent() {
    for text in ["e400", "0e400", "-0.0e1000", "0E-400"] {
        assert_eq!(quantity(text).approximate(), 0.0, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn printing_keeps_the_amount(mantissa in -1_000_000_000i64..1_000_000_000, suffix in "(n|u|m|k|M|G|T|Ki|Mi|Gi|e5|e-7)?") {
        let text = format!("{mantissa}{suffix}");
        let read = quantity(&text);
        proptest::prop_assert_eq!(read, quantity(&read.to_string()));
    }

    #[test]
    fn no_text_makes_parsing_panic(text in "[+-]?[0-9.]{0,45}[eEinumkKMGTP]{0,3}[+-]?[0-9]{0,12}") {
        if let Ok(read) = Quantity::parse(&text) {
            proptest::prop_assert!(!read.approximate().is_nan());
            read.checked_div(quantity("3")).ok();
            proptest::prop_assert_eq!(read, read);
        }
    }
}
