//! Five questions to a music shop, answered with generated types alone.

use pilaster::chrono::NaiveDate;
use pilaster::rust_decimal::Decimal;
use pilaster::{Db, Result};

use crate::shop::{
    Band, Customer, Employee, Invoice, Mixtape, NewBand, NewCustomer, NewEmployee, NewInvoice, NewMixtape, NewRecord,
    NewSong, Song, schema,
};

fn money(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Three bands of 4, 2 and no songs; a chief with two reports; three customers; four invoices; three mixtapes.
async fn open(db: &Db) -> Result<()> {
    schema::create_all(db).await?;
    let bands = Band::insert_many(["Quartz", "Basalt", "Silence"].map(NewBand::new)).all(db).await?;
    for (band, records) in bands.iter().zip([&[3, 1][..], &[2], &[0]]) {
        for &songs in records {
            let record = NewRecord::new(format!("{} {songs}", band.name), band).insert(db).await?;
            let song = |n| NewSong::new(format!("{} {n}", record.title), 180_000, money("0.99")).record_id(&record);
            Song::insert_many((0..songs).map(song)).run(db).await?;
        }
    }
    let chief = NewEmployee::new("Adler", "Ida").title("Chief").insert(db).await?;
    let clerk = NewEmployee::new("Brandt", "Jon").manager_id(&chief).insert(db).await?;
    NewEmployee::new("Chen", "Kim").manager_id(&chief).insert(db).await?;
    for (name, country, totals) in [
        ("Noor", "Norway", &["0.99", "15.86"][..]),
        ("Olga", "Poland", &["15.00"]),
        ("Pia", "Norway", &["3.96"]),
        ("Quin", "Peru", &[]),
    ] {
        let customer = NewCustomer::new(name, country).support_id(&clerk).insert(db).await?;
        let day = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
        let invoice = |total: &&str| NewInvoice::new(day, country, money(total), &customer);
        Invoice::insert_many(totals.iter().map(invoice)).run(db).await?;
    }
    let songs = Song::query().order_by(|s| s.id.asc()).all(db).await?;
    for (name, songs) in [("long", &songs[..5]), ("empty", &[]), ("short", &songs[4..6])] {
        NewMixtape::new(name).insert(db).await?.songs().replace(db, songs).await?;
    }
    Ok(())
}

pub async fn bands_by_songs(db: &Db) -> Result<()> {
    open(db).await?;
    let top: Vec<(String, i64)> = Band::query()
        .join(|b| b.records)
        .join(|(_, r)| r.songs)
        .group_by(|(b, ..)| (b.id, b.name))
        .order_by(|(b, _, s)| (s.id.count().desc(), b.name.asc()))
        .select(|(b, _, s)| (b.name, s.id.count()))
        .limit(5)
        .all(db)
        .await?;
    assert_eq!(top, [("Quartz".to_owned(), 4), ("Basalt".to_owned(), 2)]);
    Ok(())
}

pub async fn invoices_by_country(db: &Db) -> Result<()> {
    open(db).await?;
    let countries: Vec<(String, i64, Option<Decimal>)> = Invoice::query()
        .group_by(|i| i.country)
        .order_by(|i| i.total.sum().desc())
        .select(|i| (i.country, i.id.count(), i.total.sum()))
        .all(db)
        .await?;
    let expected = [("Norway", 3, "20.81"), ("Poland", 1, "15.00")]
        .map(|(country, count, total)| (country.to_owned(), count, Some(money(total))));
    assert_eq!(countries, expected);
    Ok(())
}

pub async fn employees_and_managers(db: &Db) -> Result<()> {
    open(db).await?;
    let rows: Vec<(Employee, Option<Employee>)> =
        Employee::query().left_join(|e| e.manager).order_by(|(e, _)| e.last_name.asc()).all(db).await?;
    let managers: Vec<_> =
        rows.iter().map(|(e, m)| (e.last_name.as_str(), m.as_ref().map(|m| m.last_name.as_str()))).collect();
    assert_eq!(managers, [("Adler", None), ("Brandt", Some("Adler")), ("Chen", Some("Adler"))]);
    Ok(())
}

pub async fn mixtapes_with_empty_ones(db: &Db) -> Result<()> {
    open(db).await?;
    let rows: Vec<(String, i64)> = Mixtape::query()
        .left_join(|m| m.songs)
        .group_by(|(m, _)| (m.id, m.name))
        .order_by(|(m, _)| m.name.asc())
        .select(|(m, s)| (m.name, s.id.count()))
        .all(db)
        .await?;
    assert_eq!(rows, [("empty".to_owned(), 0), ("long".to_owned(), 5), ("short".to_owned(), 2)]);
    Ok(())
}

pub async fn customers_without_a_large_invoice(db: &Db) -> Result<()> {
    open(db).await?;
    let rows = Customer::query()
        .filter(|c| c.invoices.none(|i| i.total.gt(money("15"))))
        .order_by(|c| c.name.asc())
        .select(|c| c.name)
        .all(db)
        .await?;
    assert_eq!(rows, ["Olga", "Pia", "Quin"]);
    Ok(())
}
