//! More of the world: keys of several columns in circles of tables, keys that change hands, versions, writes by a filter,
//! and rows that are read again or for the first time in the middle of a transaction.

use std::collections::BTreeMap;

use pilaster::blocking::Session;

use super::super::models::*;
use super::{Either, Key, World};

/// The tables as plain data.
#[derive(Clone, Default)]
pub(super) struct Plain {
    stages: BTreeMap<usize, String>,
    /// Stage, next booth, host; the number of a booth is the row's own.
    booths: BTreeMap<usize, (usize, Option<usize>, Option<usize>)>,
    /// Name, booth.
    guests: BTreeMap<usize, (String, usize)>,
    /// Owner, balance.
    accounts: BTreeMap<usize, (String, i32)>,
    /// Code, name.
    countries: BTreeMap<usize, (String, String)>,
    /// Name, country.
    cities: BTreeMap<usize, (String, usize)>,
}

#[derive(Clone, Default)]
pub(super) struct Keys {
    stages: BTreeMap<usize, Either<NewStage, Stage>>,
    booths: BTreeMap<usize, Either<NewBooth, Booth>>,
    guests: BTreeMap<usize, Either<NewGuest, Guest>>,
    /// Only those that were read in this session already.
    accounts: BTreeMap<usize, Key<Account>>,
    countries: BTreeMap<usize, Either<NewCountry, Country>>,
    cities: BTreeMap<usize, Either<NewCity, City>>,
}

impl Plain {
    pub(super) fn lines(&self, lines: &mut Vec<String>) {
        lines.extend(self.stages.values().map(|name| format!("stage {name}")));
        lines.extend(self.booths.iter().map(|(at, (stage, next, host))| {
            let host = host.map(|host| self.guests[&host].0.clone()).unwrap_or_default();
            format!("booth {} {at} {} {host}", self.stages[stage], next.unwrap_or(0))
        }));
        lines.extend(self.guests.values().map(|(name, booth)| format!("guest {name} {booth}")));
        lines.extend(self.accounts.values().map(|(owner, balance)| format!("account {owner} {balance}")));
        lines.extend(self.countries.values().map(|(code, name)| format!("country {code} {name}")));
        lines.extend(self.cities.values().map(|(name, country)| format!("city {name} {}", self.countries[country].0)));
    }
}

pub(super) const STORED: &str = "
    UNION ALL SELECT 'stage ' || name FROM stage
    UNION ALL SELECT 'booth ' || s.name || ' ' || b.number || ' ' || coalesce(n.number, 0) || ' ' || coalesce(h.name, '')
        FROM booth b JOIN stage s ON s.id = b.stage_id LEFT JOIN guest h ON h.id = b.host_id
        LEFT JOIN booth n ON n.stage_id = b.next_stage AND n.number = b.next_number
    UNION ALL SELECT 'guest ' || g.name || ' ' || b.number
        FROM guest g JOIN booth b ON b.stage_id = g.stage_id AND b.number = g.number
    UNION ALL SELECT 'account ' || owner || ' ' || balance FROM account
    UNION ALL SELECT 'country ' || code || ' ' || name FROM country
    UNION ALL SELECT 'city ' || name || ' ' || country_id FROM city";

impl Keys {
    pub(super) fn catch_up(&mut self, session: &Session) {
        Either::catch_up(&mut self.stages, session);
        Either::catch_up(&mut self.booths, session);
        Either::catch_up(&mut self.guests, session);
        Either::catch_up(&mut self.countries, session);
        Either::catch_up(&mut self.cities, session);
    }

    pub(super) fn load(plain: &Plain, session: &mut Session) -> Self {
        let mut keys = Self::default();
        for key in session.load(Stage::query()).unwrap() {
            let at = plain.stages.iter().find(|(_, name)| **name == session[key].name).unwrap().0;
            keys.stages.insert(*at, Either::Old(key));
        }
        for key in session.load(Booth::query()).unwrap() {
            keys.booths.insert(session[key].number as usize, Either::Old(key));
        }
        for key in session.load(Guest::query()).unwrap() {
            let at = plain.guests.iter().find(|(_, row)| row.0 == session[key].name).unwrap().0;
            keys.guests.insert(*at, Either::Old(key));
        }
        for key in session.load(Country::query()).unwrap() {
            let at = plain.countries.iter().find(|(_, row)| row.1 == session[key].name).unwrap().0;
            keys.countries.insert(*at, Either::Old(key));
        }
        for key in session.load(City::query()).unwrap() {
            let at = plain.cities.iter().find(|(_, row)| row.0 == session[key].name).unwrap().0;
            keys.cities.insert(*at, Either::Old(key));
        }
        keys
    }
}

/// A code of two letters for a number.
fn code(at: usize) -> String {
    let letter = |at: usize| char::from(b'a' + (at % 26) as u8);
    [letter(at / 26), letter(at)].iter().collect()
}

impl World {
    pub(super) fn more(&mut self, session: &mut Session) {
        match self.dice.roll(20) {
            0 | 1 => self.add_booth(session),
            2 | 3 => self.add_guest(session),
            4 => self.be_host(session),
            5 => self.move_guest(session),
            6 => self.chain_booths(session),
            7 => self.delete_guest(session),
            8 => self.delete_booth(session),
            9 => self.add_account(session),
            10 => self.write_account(session),
            11 => self.forget_account(session),
            12 | 13 => self.add_country(session),
            14 | 15 => self.pass_codes(session),
            16 => self.delete_country(session),
            _ => self.write_many(session),
        }
    }

    fn settle(&mut self, session: &mut Session) {
        session.flush().unwrap();
        self.catch_up(session);
    }

    fn some<T>(&mut self, from: impl Fn(&Plain) -> &BTreeMap<usize, T>) -> Option<usize> {
        let all: Vec<usize> = from(&self.plain.more).keys().copied().collect();
        self.dice.pick(&all)
    }

    fn add_booth(&mut self, session: &mut Session) {
        let stage = self.some(|plain| &plain.stages).filter(|_| self.dice.roll(3) > 0).unwrap_or_else(|| {
            let at = self.number();
            let name = format!("s{at}");
            self.keys.more.stages.insert(at, Either::New(session.add(NewStage::new(name.as_str()))));
            self.plain.more.stages.insert(at, name);
            at
        });
        let next = self.some(|plain| &plain.booths).filter(|_| self.dice.roll(2) == 0);
        let at = self.number();
        let booth = with_key!(self.keys.more.stages[&stage], |stage| NewBooth::new(stage, at as i32));
        let booth = match next {
            Some(next) => with_key!(self.keys.more.booths[&next], |next| booth.next(next)),
            None => booth,
        };
        self.keys.more.booths.insert(at, Either::New(session.add(booth)));
        self.plain.more.booths.insert(at, (stage, next, None));
    }

    fn add_guest(&mut self, session: &mut Session) {
        let Some(booth) = self.some(|plain| &plain.booths) else { return };
        let at = self.number();
        let name = format!("g{at}");
        let guest = with_key!(self.keys.more.booths[&booth], |booth| NewGuest::new(name.as_str(), booth));
        self.keys.more.guests.insert(at, Either::New(session.add(guest)));
        self.plain.more.guests.insert(at, (name, booth));
    }

    fn be_host(&mut self, session: &mut Session) {
        let (booth, guest) = (self.some(|plain| &plain.booths), self.some(|plain| &plain.guests));
        let (Some(booth), Some(guest)) = (booth, guest) else { return };
        with_key!(self.keys.more.booths[&booth], |booth| with_key!(self.keys.more.guests[&guest], |guest| {
            session.assign(booth, |b| b.host, guest).unwrap();
        }));
        self.plain.more.booths.get_mut(&booth).unwrap().2 = Some(guest);
    }

    fn move_guest(&mut self, session: &mut Session) {
        let (booth, guest) = (self.some(|plain| &plain.booths), self.some(|plain| &plain.guests));
        let (Some(booth), Some(guest)) = (booth, guest) else { return };
        with_key!(self.keys.more.booths[&booth], |booth| with_key!(self.keys.more.guests[&guest], |guest| {
            session.assign(guest, |g| g.booth, booth).unwrap();
        }));
        self.plain.more.guests.get_mut(&guest).unwrap().1 = booth;
    }

    fn chain_booths(&mut self, session: &mut Session) {
        let (booth, next) = (self.some(|plain| &plain.booths), self.some(|plain| &plain.booths));
        let (Some(booth), Some(next)) = (booth, next) else { return };
        with_key!(self.keys.more.booths[&booth], |booth| with_key!(self.keys.more.booths[&next], |next| {
            session.assign(booth, |b| b.next, next).unwrap();
        }));
        self.plain.more.booths.get_mut(&booth).unwrap().1 = Some(next);
    }

    fn delete_guest(&mut self, session: &mut Session) {
        let Some(at) = self.some(|plain| &plain.guests) else { return };
        self.settle(session);
        self.remove_guests(session, &[at]);
    }

    /// Where one was host there is none any more.
    fn remove_guests(&mut self, session: &mut Session, guests: &[usize]) {
        for (at, booth) in &mut self.plain.more.booths {
            if booth.2.is_some_and(|host| guests.contains(&host)) {
                booth.2 = None;
                session[self.keys.more.booths[at].old()].host_id = None;
            }
        }
        for at in guests {
            session.delete(self.keys.more.guests[at].old()).unwrap();
            self.plain.more.guests.remove(at);
        }
    }

    /// With its guests; no other leads to it any more.
    fn delete_booth(&mut self, session: &mut Session) {
        let Some(at) = self.some(|plain| &plain.booths) else { return };
        self.settle(session);
        session.delete(self.keys.more.booths[&at].old()).unwrap();
        self.plain.more.booths.remove(&at);
        for (before, booth) in &mut self.plain.more.booths {
            if booth.1 == Some(at) {
                booth.1 = None;
                let key = self.keys.more.booths[before].old();
                (session[key].next_stage, session[key].next_number) = (None, None);
            }
        }
        let guests = self.plain.more.guests.iter().filter(|(_, guest)| guest.1 == at);
        let guests: Vec<usize> = guests.map(|(at, _)| *at).collect();
        self.remove_guests(session, &guests);
    }

    /// With a city, or a city for one that is there.
    fn add_country(&mut self, session: &mut Session) {
        let country = self.some(|plain| &plain.countries).filter(|_| self.dice.roll(2) == 0).unwrap_or_else(|| {
            let at = self.number();
            let (code, name) = (code(at), format!("l{at}"));
            let key = session.add(NewCountry::new(code.as_str(), name.as_str()));
            self.keys.more.countries.insert(at, Either::New(key));
            self.plain.more.countries.insert(at, (code, name));
            at
        });
        let at = self.number();
        let name = format!("c{at}");
        let city = with_key!(self.keys.more.countries[&country], |country| NewCity::new(name.as_str(), country));
        self.keys.more.cities.insert(at, Either::New(session.add(city)));
        self.plain.more.cities.insert(at, (name, country));
    }

    /// Stored countries pass their codes on: round, or from a new code to one that goes. Their cities follow.
    fn pass_codes(&mut self, session: &mut Session) {
        self.settle(session);
        let mut rows: Vec<usize> = Vec::new();
        for _ in 0..self.dice.roll(4) + 1 {
            rows.extend(self.some(|plain| &plain.countries).filter(|at| !rows.contains(at)));
        }
        let Some(first) = rows.first() else { return };
        let last = match self.dice.roll(2) {
            0 => self.plain.more.countries[first].0.clone(),
            _ => code(self.number()),
        };
        let codes = rows.iter().skip(1).map(|at| self.plain.more.countries[at].0.clone());
        let codes: Vec<String> = codes.chain([last]).collect();
        for (at, code) in rows.iter().zip(codes) {
            session[self.keys.more.countries[at].old()].code = code.clone();
            self.plain.more.countries.get_mut(at).unwrap().0 = code;
        }
        // They are found by their new keys, and what refers to them is right again after the flush.
        self.settle(session);
        for at in rows {
            let code = self.plain.more.countries[&at].0.as_str();
            assert_eq!(session.get::<Country>(code).unwrap(), Some(self.keys.more.countries[&at].old()));
        }
        for (at, (_, country)) in &self.plain.more.cities {
            assert_eq!(session[self.keys.more.cities[at].old()].country_id, self.plain.more.countries[country].0);
        }
    }

    /// With its cities; a new one takes over its code.
    fn delete_country(&mut self, session: &mut Session) {
        let Some(at) = self.some(|plain| &plain.countries) else { return };
        self.settle(session);
        for (city, _) in self.plain.more.cities.iter().filter(|(_, city)| city.1 == at) {
            session.delete(self.keys.more.cities[city].old()).unwrap();
        }
        self.plain.more.cities.retain(|_, city| city.1 != at);
        session.delete(self.keys.more.countries[&at].old()).unwrap();
        let (code, _) = self.plain.more.countries.remove(&at).unwrap();
        if self.dice.roll(2) == 0 {
            let at = self.number();
            let name = format!("l{at}");
            let key = session.add(NewCountry::new(code.as_str(), name.as_str()));
            self.keys.more.countries.insert(at, Either::New(key));
            self.plain.more.countries.insert(at, (code, name));
        }
    }

    fn add_account(&mut self, session: &mut Session) {
        let at = self.number();
        let owner = format!("a{at}");
        session.add(NewAccount::new(owner.as_str(), 1));
        self.plain.more.accounts.insert(at, (owner, 1));
    }

    /// An account as it is now, read if this session has not seen it yet.
    fn account(&mut self, session: &mut Session) -> Option<(usize, Key<Account>)> {
        let at = self.some(|plain| &plain.accounts)?;
        let (owner, balance) = self.plain.more.accounts[&at].clone();
        let found = self.keys.more.accounts.get(&at).copied();
        let key =
            found.unwrap_or_else(|| session.one(Account::query().filter(|a| a.owner.eq(owner.as_str()))).unwrap());
        self.keys.more.accounts.insert(at, key);
        assert_eq!(session[key].balance, balance, "{owner}");
        Some((at, key))
    }

    fn write_account(&mut self, session: &mut Session) {
        let Some((at, key)) = self.account(session) else { return };
        session[key].balance += 1;
        self.plain.more.accounts.get_mut(&at).unwrap().1 += 1;
        if self.dice.roll(2) == 0 {
            // However often it was written to, one update counts once.
            session.flush().unwrap();
            let version = session[key].version;
            session[key].balance += 1;
            session[key].balance += 1;
            self.plain.more.accounts.get_mut(&at).unwrap().1 += 2;
            session.flush().unwrap();
            assert_eq!(session[key].version, version + 1);
        }
    }

    /// What was not flushed is forgotten.
    fn forget_account(&mut self, session: &mut Session) {
        self.settle(session);
        let Some((_, key)) = self.account(session) else { return };
        session[key].balance += 100;
        if self.dice.roll(2) == 0 {
            session.refresh(key).unwrap();
        } else {
            session.expire(key).unwrap();
            let id = session[key].id;
            assert_eq!(session.get::<Account>(id).unwrap(), Some(key));
        }
    }

    fn write_many(&mut self, session: &mut Session) {
        let limit = self.dice.roll(6) as i32;
        if self.dice.roll(3) == 0 {
            Account::delete_many().filter(|a| a.balance.eq(limit)).run(session).unwrap();
            let gone = self.plain.more.accounts.iter().filter(|(_, row)| row.1 == limit);
            for at in gone.map(|(at, _)| *at).collect::<Vec<_>>() {
                self.plain.more.accounts.remove(&at);
                self.keys.more.accounts.remove(&at);
            }
            return;
        }
        Account::update().filter(|a| a.balance.lt(limit)).set_to(|a| (a.balance, a.balance + 1)).run(session).unwrap();
        for (_, balance) in self.plain.more.accounts.values_mut().filter(|row| row.1 < limit) {
            *balance += 1;
        }
    }

    /// What the session has of the rows is what is meant.
    pub(super) fn check(&self, session: &Session) {
        for (at, key) in &self.keys.more.accounts {
            let (owner, balance) = &self.plain.more.accounts[at];
            assert_eq!(session[*key].balance, *balance, "{owner}");
        }
        for (at, key) in &self.keys.users {
            if let (Either::Old(key), Some((name, visits))) = (key, self.plain.users.get(at)) {
                assert_eq!((&session[*key].name, session[*key].visits), (name, *visits));
            }
        }
    }
}
