//! Random sequences of operations against a plain model in memory: both end in the same rows.

macro_rules! with_key {
    ($key:expr, |$name:ident| $body:expr) => {
        match $key {
            Either::New($name) => $body,
            Either::Old($name) => $body,
        }
    };
}

mod more;

use std::collections::BTreeMap;

use pilaster::blocking::{Db, Session};
use pilaster::{Entity, Key, Savepoint};

use super::models::*;
use super::{database, dump};

/// A generator of numbers that is the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[self.roll(from.len())].clone()) }
    }
}

/// The tables as plain data. Rows have numbers of their own, since the database's keys come with the flush.
#[derive(Clone, Default)]
struct Plain {
    users: BTreeMap<usize, (String, i32)>,
    /// Title, author, reviewer.
    posts: BTreeMap<usize, (String, usize, Option<usize>)>,
    /// Name, parent.
    nodes: BTreeMap<usize, (String, Option<usize>)>,
    links: BTreeMap<(usize, usize), ()>,
    tags: BTreeMap<usize, String>,
    more: more::Plain,
}

/// The keys of the rows by their numbers: of the new row, or what it became.
#[derive(Clone, Default)]
struct Keys {
    users: BTreeMap<usize, Either<NewUser, User>>,
    posts: BTreeMap<usize, Either<NewPost, Post>>,
    nodes: BTreeMap<usize, Either<NewNode, Node>>,
    tags: BTreeMap<usize, Either<NewTag, Tag>>,
    more: more::Keys,
}

enum Either<N, M> {
    New(Key<N>),
    Old(Key<M>),
}

impl<N: Entity<Model = M>, M: Entity<Model = M>> Either<N, M> {
    /// Keys of rows that a flush stored meanwhile: those to write through from now on.
    fn catch_up(keys: &mut BTreeMap<usize, Self>, session: &Session) {
        for key in keys.values_mut() {
            if let Self::New(new) = *key
                && let Ok(old) = session.stored(new)
            {
                *key = Self::Old(old);
            }
        }
    }

    fn old(self) -> Key<M> {
        match self {
            Self::Old(key) => key,
            Self::New(_) => panic!("a row that a flush did not store"),
        }
    }
}

impl<N, M> Clone for Either<N, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N, M> Copy for Either<N, M> {}

impl Plain {
    /// What the database does when a user is deleted: posts go with their author, reviewers are set to NULL.
    fn delete_user(&mut self, user: usize) {
        self.users.remove(&user);
        self.posts.retain(|_, post| post.1 != user);
        for post in self.posts.values_mut() {
            post.2 = post.2.filter(|&reviewer| reviewer != user);
        }
        let posts = &self.posts;
        self.links.retain(|(post, _), ()| posts.contains_key(post));
    }

    fn lines(&self) -> Vec<String> {
        let user = |at: usize| self.users[&at].0.clone();
        let node = |at: usize| self.nodes[&at].0.clone();
        let mut lines: Vec<String> = Vec::new();
        lines.extend(self.users.values().map(|(name, visits)| format!("user {name} {visits}")));
        lines.extend(self.posts.values().map(|(title, author, reviewer)| {
            format!("post {title} {} {}", user(*author), reviewer.map(user).unwrap_or_default())
        }));
        lines.extend(
            self.nodes.values().map(|(name, parent)| format!("node {name} {}", parent.map(node).unwrap_or_default())),
        );
        lines.extend(self.tags.values().map(|label| format!("tag {label}")));
        lines.extend(self.links.keys().map(|(post, tag)| format!("link {} {}", self.posts[post].0, self.tags[tag])));
        self.more.lines(&mut lines);
        lines.sort();
        lines
    }
}

fn stored(db: &Db) -> Vec<String> {
    let select = format!(
        "SELECT * FROM (
             SELECT 'user ' || name || ' ' || visits AS shown FROM user
             UNION ALL SELECT 'post ' || title || ' ' || a.name || ' ' || coalesce(r.name, '')
                 FROM post JOIN user a ON a.id = author_id LEFT JOIN user r ON r.id = reviewer_id
             UNION ALL SELECT 'node ' || n.name || ' ' || coalesce(p.name, '')
                 FROM node n LEFT JOIN node p ON p.id = n.parent_id
             UNION ALL SELECT 'tag ' || label FROM tag
             UNION ALL SELECT 'link ' || title || ' ' || label
                 FROM post_tag JOIN post ON post.id = post_id JOIN tag ON tag.id = tag_id
             {}
         ) AS x ORDER BY shown",
        more::STORED
    );
    dump(db, &select)
}

/// What both sides have, and what they had when the transaction began.
struct World {
    dice: Dice,
    plain: Plain,
    keys: Keys,
    next: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        Self { dice, plain: Plain::default(), keys: Keys::default(), next: 0 }
    }

    fn number(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    fn catch_up(&mut self, session: &Session) {
        Either::catch_up(&mut self.keys.users, session);
        Either::catch_up(&mut self.keys.posts, session);
        Either::catch_up(&mut self.keys.nodes, session);
        Either::catch_up(&mut self.keys.tags, session);
        self.keys.more.catch_up(session);
    }

    fn step(&mut self, session: &mut Session) {
        self.catch_up(session);
        let users: Vec<usize> = self.plain.users.keys().copied().collect();
        let posts: Vec<usize> = self.plain.posts.keys().copied().collect();
        match self.dice.roll(34) {
            0 | 1 => self.add_user(session),
            2..=4 => self.add_post(session, &users),
            5 => self.write_user(session, &users),
            6 => self.rename_users(session, &users),
            7 => self.move_post(session, &users, &posts),
            8 => self.review(session, &users, &posts),
            9 => self.delete_user(session, &users),
            10 => self.delete_post(session, &posts),
            11 => self.add_node(session),
            12 => self.delete_node(session),
            13 => self.move_node(session),
            14 => self.tag(session, &posts),
            15 => self.unlink(session),
            16 => session.flush().unwrap(),
            17 => self.read(session, &users),
            _ => self.more(session),
        }
    }

    fn add_user(&mut self, session: &mut Session) {
        let at = self.number();
        let name = format!("u{at}");
        self.keys.users.insert(at, Either::New(session.add(NewUser::new(name.as_str()))));
        self.plain.users.insert(at, (name, 0));
    }

    fn add_post(&mut self, session: &mut Session, users: &[usize]) {
        let Some(author) = self.dice.pick(users) else { return };
        let at = self.number();
        let title = format!("p{at}");
        let post = with_key!(self.keys.users[&author], |key| NewPost::new(title.as_str(), key));
        self.keys.posts.insert(at, Either::New(session.add(post)));
        self.plain.posts.insert(at, (title, author, None));
    }

    fn write_user(&mut self, session: &mut Session, users: &[usize]) {
        let Some(at) = self.dice.pick(users) else { return };
        let visits = self.dice.roll(3) as i32;
        match self.keys.users[&at] {
            Either::New(key) => session[key].visits = Some(visits),
            Either::Old(key) => session[key].visits = visits,
        }
        self.plain.users.get_mut(&at).unwrap().1 = visits;
        if let (Either::Old(key), 0) = (self.keys.users[&at], self.dice.roll(2)) {
            // A row that was written to is not what is stored, whoever reads that.
            let id = session[key].id;
            let read = session.no_flush().load(User::query().filter(|u| u.id.eq(id))).unwrap();
            assert_eq!((read, session[key].visits), (vec![key], visits));
        }
    }

    /// Two users exchange their unique names.
    fn rename_users(&mut self, session: &mut Session, users: &[usize]) {
        let (Some(one), Some(other)) = (self.dice.pick(users), self.dice.pick(users)) else { return };
        let names = (self.plain.users[&one].0.clone(), self.plain.users[&other].0.clone());
        for (at, name) in [(one, names.1), (other, names.0)] {
            with_key!(self.keys.users[&at], |key| session[key].name = name.clone());
            self.plain.users.get_mut(&at).unwrap().0 = name;
        }
    }

    fn move_post(&mut self, session: &mut Session, users: &[usize], posts: &[usize]) {
        let (Some(post), Some(user)) = (self.dice.pick(posts), self.dice.pick(users)) else { return };
        with_key!(self.keys.posts[&post], |post| with_key!(self.keys.users[&user], |user| {
            session.assign(post, |p| p.author, user).unwrap();
        }));
        self.plain.posts.get_mut(&post).unwrap().1 = user;
    }

    fn review(&mut self, session: &mut Session, users: &[usize], posts: &[usize]) {
        let (Some(post), Some(user)) = (self.dice.pick(posts), self.dice.pick(users)) else { return };
        with_key!(self.keys.posts[&post], |post| with_key!(self.keys.users[&user], |user| {
            session.assign(post, |p| p.reviewer, user).unwrap();
        }));
        self.plain.posts.get_mut(&post).unwrap().2 = Some(user);
    }

    /// Only stored ones: new rows that others refer to cannot be taken back.
    fn delete_user(&mut self, session: &mut Session, users: &[usize]) {
        let Some(at) = self.dice.pick(users) else { return };
        // What refers to it in memory only would be lost.
        session.flush().unwrap();
        self.catch_up(session);
        with_key!(self.keys.users[&at], |key| session.delete(key).unwrap());
        if self.dice.roll(2) == 0 {
            let own: Vec<usize> = self.plain.posts.iter().filter(|(_, p)| p.1 == at).map(|(at, _)| *at).collect();
            own.iter().for_each(|post| with_key!(self.keys.posts[post], |key| session.delete(key).unwrap()));
        }
        let before: Vec<usize> = self.plain.posts.keys().copied().collect();
        self.plain.delete_user(at);
        session.flush().unwrap();
        for post in before.iter().filter(|post| !self.plain.posts.contains_key(post)) {
            assert!(session.delete(self.keys.posts[post].old()).is_err(), "it went with its author");
        }
    }

    fn delete_post(&mut self, session: &mut Session, posts: &[usize]) {
        let Some(at) = self.dice.pick(posts) else { return };
        with_key!(self.keys.posts[&at], |key| session.delete(key).unwrap());
        self.plain.posts.remove(&at);
        self.plain.links.retain(|(post, _), ()| *post != at);
        if let Either::Old(key) = self.keys.posts[&at] {
            let id = session[key].id;
            assert_eq!(session.get::<Post>(id).unwrap(), None, "it will be deleted");
        }
    }

    fn add_node(&mut self, session: &mut Session) {
        let at = self.number();
        let nodes: Vec<usize> = self.plain.nodes.keys().copied().collect();
        let parent = self.dice.pick(&nodes).filter(|_| self.dice.roll(4) > 0);
        let name = format!("n{at}");
        let node = NewNode::new(name.as_str());
        let node = match parent {
            Some(parent) => with_key!(self.keys.nodes[&parent], |key| node.parent_id(key)),
            None => node,
        };
        self.keys.nodes.insert(at, Either::New(session.add(node)));
        self.plain.nodes.insert(at, (name, parent));
    }

    /// A whole branch, in any order.
    fn delete_node(&mut self, session: &mut Session) {
        let nodes: Vec<usize> = self.plain.nodes.keys().copied().collect();
        let Some(root) = self.dice.pick(&nodes) else { return };
        let mut branch = vec![root];
        let mut at = 0;
        while let Some(&parent) = branch.get(at) {
            at += 1;
            let children = self.plain.nodes.iter().filter(|(at, node)| node.1 == Some(parent) && !branch.contains(at));
            let children: Vec<usize> = children.map(|(at, _)| *at).collect();
            branch.extend(children);
        }
        for at in branch {
            with_key!(self.keys.nodes[&at], |key| session.delete(key).unwrap());
            self.plain.nodes.remove(&at);
        }
    }

    /// Anywhere, also into a circle.
    fn move_node(&mut self, session: &mut Session) {
        let nodes: Vec<usize> = self.plain.nodes.keys().copied().collect();
        let (Some(node), Some(parent)) = (self.dice.pick(&nodes), self.dice.pick(&nodes)) else { return };
        with_key!(self.keys.nodes[&node], |node| with_key!(self.keys.nodes[&parent], |parent| {
            session.assign(node, |n| n.parent, parent).unwrap();
        }));
        self.plain.nodes.get_mut(&node).unwrap().1 = Some(parent);
    }

    fn tag(&mut self, session: &mut Session, posts: &[usize]) {
        let Some(post) = self.dice.pick(posts) else { return };
        let tags: Vec<usize> = self.plain.tags.keys().copied().collect();
        let tag = self.dice.pick(&tags).filter(|_| self.dice.roll(2) == 0).unwrap_or_else(|| {
            let at = self.number();
            let label = format!("t{at}");
            self.keys.tags.insert(at, Either::New(session.add(NewTag::new(label.as_str()))));
            self.plain.tags.insert(at, label);
            at
        });
        with_key!(self.keys.posts[&post], |post| with_key!(self.keys.tags[&tag], |tag| {
            session.link(post, |p| p.tags, tag).unwrap();
        }));
        self.plain.links.insert((post, tag), ());
    }

    fn unlink(&mut self, session: &mut Session) {
        let links: Vec<(usize, usize)> = self.plain.links.keys().copied().collect();
        let Some((post, tag)) = self.dice.pick(&links) else { return };
        with_key!(self.keys.posts[&post], |post| with_key!(self.keys.tags[&tag], |tag| {
            session.unlink(post, |p| p.tags, tag).unwrap();
        }));
        self.plain.links.remove(&(post, tag));
    }

    /// What is read is what is in memory.
    fn read(&mut self, session: &mut Session, users: &[usize]) {
        let Some(at) = self.dice.pick(users) else { return };
        session.flush().unwrap();
        self.catch_up(session);
        let Either::Old(user) = self.keys.users[&at] else { panic!("a user that a flush did not store") };
        assert_eq!(session[user].name, self.plain.users[&at].0);
        let mut titles: Vec<String> = Vec::new();
        for post in session.related(user, |u| u.posts).unwrap() {
            titles.push(session[post].title.clone());
        }
        titles.sort();
        let own = self.plain.posts.values().filter(|post| post.1 == at);
        let mut expected: Vec<String> = own.map(|post| post.0.clone()).collect();
        expected.sort();
        assert_eq!(titles, expected);
        let name = self.plain.users[&at].0.clone();
        assert_eq!(session.one(User::query().filter(|u| u.name.eq(name.as_str()))).unwrap(), user);
    }
}

/// Users that were stored in what is rolled back now are rows of the session no more.
fn forgotten(lost: &Keys, kept: &Keys, session: &mut Session) {
    for (_, key) in lost.users.iter().filter(|(at, _)| !matches!(kept.users.get(at), Some(Either::Old(_)))) {
        if let Either::Old(key) = *key {
            assert!(session.delete(key).is_err(), "it was never stored");
        }
    }
}

fn in_savepoint(world: &mut World, session: &mut Session) {
    let mut savepoint: Savepoint<'_, _> = session.begin().unwrap();
    world.catch_up(&savepoint);
    let (plain, keys) = (world.plain.clone(), world.keys.clone());
    for _ in 0..world.dice.roll(8) {
        world.step(&mut savepoint);
    }
    match world.dice.roll(3) {
        0 => savepoint.commit().unwrap(),
        how => {
            if how == 1 {
                savepoint.rollback().unwrap();
            } else {
                drop(savepoint);
            }
            forgotten(&world.keys, &keys, session);
            (world.plain, world.keys) = (plain, keys);
            // What a dropped savepoint left to be read again is read with the next statement.
            session.first(Tag::query()).unwrap();
            world.catch_up(session);
            world.check(session);
        }
    }
}

fn play(seed: u64) {
    let db = database();
    let mut world = World::new(seed);
    for _ in 0..3 {
        // Each session knows its own keys only: it loads what the last one left.
        let before = world.plain.clone();
        let mut session = db.session().unwrap();
        load(&mut world, &mut session);
        let keys = world.keys.clone();
        for _ in 0..40 {
            match world.dice.roll(24) {
                0 | 1 => in_savepoint(&mut world, &mut session),
                2 if world.dice.roll(2) == 0 => {
                    session.rollback().unwrap();
                    forgotten(&world.keys, &keys, &mut session);
                    (world.plain, world.keys) = (before.clone(), keys.clone());
                    world.check(&session);
                }
                _ => world.step(&mut session),
            }
        }
        match world.dice.roll(4) {
            0 => {
                drop(session);
                world.plain = before;
            }
            _ => drop(session.commit().unwrap()),
        }
        assert_eq!(stored(&db), world.plain.lines());
    }
}

fn load(world: &mut World, session: &mut Session) {
    world.keys = Keys::default();
    for key in session.load(User::query()).unwrap() {
        let at = world.plain.users.iter().find(|(_, row)| row.0 == session[key].name).map(|(at, _)| *at).unwrap();
        world.keys.users.insert(at, Either::Old(key));
    }
    for key in session.load(Post::query()).unwrap() {
        let at = world.plain.posts.iter().find(|(_, row)| row.0 == session[key].title).map(|(at, _)| *at).unwrap();
        world.keys.posts.insert(at, Either::Old(key));
    }
    for key in session.load(Node::query()).unwrap() {
        let at = world.plain.nodes.iter().find(|(_, row)| row.0 == session[key].name).map(|(at, _)| *at).unwrap();
        world.keys.nodes.insert(at, Either::Old(key));
    }
    for key in session.load(Tag::query()).unwrap() {
        let at = world.plain.tags.iter().find(|(_, row)| **row == session[key].label).map(|(at, _)| *at).unwrap();
        world.keys.tags.insert(at, Either::Old(key));
    }
    world.keys.more = more::Keys::load(&world.plain.more, session);
}

#[test]
fn random_sequences_end_in_the_rows_that_were_meant() {
    let seeds = std::env::var("PILASTER_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(150);
    // One seed that failed can be played alone.
    let first = std::env::var("PILASTER_FIRST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    for seed in first..=seeds {
        if let Err(why) = std::panic::catch_unwind(|| play(seed)) {
            eprintln!("seed {seed}");
            std::panic::resume_unwind(why);
        }
    }
}
