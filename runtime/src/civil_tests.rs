//! Tests of dates and times.

use super::*;

fn text(written: &[u8]) -> String {
    std::str::from_utf8(written).unwrap().to_owned()
}

#[test]
fn every_day_of_ten_thousand_years_goes_there_and_back() {
    let mut expected = (0, 1, 1);
    for days in -719_528..=2_932_896_i64 {
        assert_eq!(civil_from_days(days), expected, "day {days}");
        let (year, month, day) = expected;
        assert_eq!(days_from_civil(year, month, day), days);
        expected = if day < days_in_month(year, month) {
            (year, month, day + 1)
        } else if month < 12 {
            (year, month + 1, 1)
        } else {
            (year + 1, 1, 1)
        };
    }
    assert_eq!(expected, (10_000, 1, 1));
    assert!(is_writable_day(-719_528) && !is_writable_day(-719_529));
    assert!(is_writable_day(2_932_896) && !is_writable_day(2_932_897));
}

#[test]
fn texts_have_one_fixed_form_and_read_back() {
    for days in (-719_528..=2_932_896).step_by(997) {
        let date = text(&date_text(days));
        assert_eq!(date.len(), 10);
        assert_eq!(read_date(date.as_bytes()), Some(days));
        for micros in [0, 1, 999_999, 12_345_678_901, DAY - 1] {
            let instant = days * DAY + micros;
            let written = text(&datetime_text(instant));
            assert_eq!(written.len(), 26);
            assert_eq!(read_datetime(written.as_bytes()), Some(instant), "{written}");
            assert_eq!(read_timestamp(written.as_bytes()), Some(instant), "{written}");
            assert_eq!(read_time(text(&time_text(micros)).as_bytes()), Some(micros));
        }
    }
    assert_eq!(text(&datetime_text(-1)), "1969-12-31 23:59:59.999999");
    assert_eq!(text(&datetime_text(951_782_400_000_001)), "2000-02-29 00:00:00.000001");
    assert_eq!(text(&time_text(3_723_000_004)), "01:02:03.000004");
}

#[test]
fn forms_of_other_tools_are_read() {
    let noon = 1_709_208_000_000_000; // 2024-02-29 12:00 UTC
    for form in [
        "2024-02-29 12:00",
        "2024-02-29T12:00:00",
        "2024-02-29 12:00:00.0",
        "2024-02-29T12:00:00.000000000Z",
        "2024-02-29 12:00:00+00:00",
        "2024-02-29 14:30:00+02:30",
        "2024-02-29 14:30:00 +0230",
        "2024-02-29 04:00:00-08",
    ] {
        assert_eq!(read_timestamp(form.as_bytes()), Some(noon), "{form}");
    }
    assert_eq!(read_timestamp(b"2024-02-29T12:00:00.1234569Z"), Some(noon + 123_456));
    assert_eq!(read_datetime(b"2024-02-29T12:00:00.5"), Some(noon + 500_000));
    assert_eq!(read_date(b"2024-02-29 00:00:00"), Some(19_782));
    assert_eq!(read_time(b"23:59"), Some(DAY - 60_000_000));
}

#[test]
fn nonsense_is_refused() {
    for bad in
        ["", "2024", "2024-02-30", "2023-02-29", "2024-13-01", "2024-00-10", "2024-1-1", "+024-01-01", "２０２４"]
    {
        assert_eq!(read_date(bad.as_bytes()), None, "{bad}");
    }
    for bad in
        ["2024-02-29 24:00:00", "2024-02-29 12", "2024-02-29 12:60", "2024-02-29 12:00:60", "2024-02-29 12:00:00."]
    {
        assert_eq!(read_datetime(bad.as_bytes()), None, "{bad}");
        assert_eq!(read_timestamp(bad.as_bytes()), None, "{bad}");
    }
    assert_eq!(read_datetime(b"2024-02-29 12:00:00Z"), None, "a time without a zone has no zone");
    assert_eq!(read_timestamp(b"2024-02-29 12:00:00+24:00"), None);
    assert_eq!(read_timestamp(b"2024-02-29 12:00:00 UTC"), None);
    assert_eq!(read_date(b"2024-02-29 00:00:01"), None);
    assert_eq!(read_time(b"12:00:00Z"), None);
    assert_eq!(from_unix_seconds(i64::MAX), None);
    assert_eq!(from_unix_seconds(-1), Some(-1_000_000));
}

#[test]
fn uuids_go_there_and_back() {
    let uuid = [0x67, 0xe5, 0x50, 0x44, 0x10, 0xb1, 0x42, 0x6f, 0x92, 0x47, 0xbb, 0x68, 0x0e, 0x5f, 0xe0, 0xc8];
    let written = text(&uuid_text(uuid));
    assert_eq!(written, "67e55044-10b1-426f-9247-bb680e5fe0c8");
    assert_eq!(read_uuid(written.as_bytes()), Some(uuid));
    assert_eq!(read_uuid(written.to_uppercase().as_bytes()), Some(uuid));
    assert_eq!(read_uuid(written.replace('-', "").as_bytes()), Some(uuid));
    for bad in ["", "67e55044", "67e55044-10b1-426f-9247-bb680e5fe0cg", "67e5504410b1-426f-9247-bb680e5fe0c8-a"] {
        assert_eq!(read_uuid(bad.as_bytes()), None, "{bad}");
    }
}

#[test]
fn what_no_text_can_hold_is_shown_too() {
    assert_eq!(time_shown(-90_061_000_001), "-25:01:01.000001");
    assert_eq!(time_shown(3_600_500_000), "01:00:00.5");
    assert_eq!(date_shown(2_932_897), "10000-01-01");
}
