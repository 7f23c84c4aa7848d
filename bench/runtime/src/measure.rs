//! Turn-by-turn measuring: both sides of a pair run in every round, so that what disturbs one disturbs the other.

use std::time::Duration;

/// Runs something so many times and gives the time it took.
pub type Side<'b> = Box<dyn FnMut(usize) -> Duration + 'b>;

/// The same work done twice: by hand, and by the runtime.
pub struct Pair<'b> {
    /// What is done.
    pub name: &'static str,
    /// The ratio that is asked for; infinite where none is.
    pub target: f64,
    /// By hand.
    pub hand: Side<'b>,
    /// By the runtime.
    pub ours: Side<'b>,
}

/// How long one turn lasts, about.
const TURN: Duration = Duration::from_millis(12);

/// Prints the head of the table.
pub fn header() {
    let heads = ["by hand", "ours", "ratio", "best", "CPU", "target"];
    let [hand, ours, ratio, best, cpu, target] = heads;
    println!("| {:<30} | {hand:>10} | {ours:>10} | {ratio:>6} | {best:>6} | {cpu:>6} | {target:>6} |", "");
    println!("|{:-<32}|{:->12}|{:->12}|{:->8}|{:->8}|{:->8}|{:->8}|", "", ":", ":", ":", ":", ":", ":");
}

/// Measures a pair and prints its row: medians, the median of the rounds' ratios, the ratio of the best turns, and that of
/// the processor time that the threads of this process took, which is without what a server does.
pub fn row(pair: &mut Pair<'_>, rounds: usize) {
    let times = calibrate(&mut pair.hand).min(calibrate(&mut pair.ours));
    let (mut hand, mut ours, mut ratios, mut used) = (Vec::new(), Vec::new(), Vec::new(), [Duration::ZERO; 2]);
    for round in 0..rounds {
        let [used_hand, used_ours] = &mut used;
        let (first, second) = if round % 2 == 0 {
            let first = turn(&mut pair.hand, times, used_hand);
            (first, turn(&mut pair.ours, times, used_ours))
        } else {
            let second = turn(&mut pair.ours, times, used_ours);
            (turn(&mut pair.hand, times, used_hand), second)
        };
        hand.push(first.as_secs_f64() / times as f64);
        ours.push(second.as_secs_f64() / times as f64);
        ratios.push(second.as_secs_f64() / first.as_secs_f64());
    }
    let (name, best) = (pair.name, least(&ours) / least(&hand));
    let target = if pair.target.is_finite() { format!("{:.2}", pair.target) } else { String::new() };
    let (hand, ours, ratio) = (shown(median(&mut hand)), shown(median(&mut ours)), median(&mut ratios));
    let cpu = used[1].as_secs_f64() / used[0].as_secs_f64();
    println!("| {name:<30} | {hand:>10} | {ours:>10} | {ratio:>6.2} | {best:>6.2} | {cpu:>6.2} | {target:>6} |");
}

/// Runs a side for a turn, and counts the processor time that it used.
fn turn(side: &mut Side<'_>, times: usize, used: &mut Duration) -> Duration {
    let before = processor_time();
    let took = side(times);
    *used += processor_time().saturating_sub(before);
    took
}

/// The processor time of all threads that there are; zero where the system does not tell.
fn processor_time() -> Duration {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    let one = |task: std::fs::DirEntry| {
        let told = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    };
    tasks.flatten().filter_map(one).sum()
}

/// How often a side runs in one turn. Warms it up, too.
pub fn calibrate(side: &mut Side<'_>) -> usize {
    side(3);
    let once = side(3).as_secs_f64() / 3.0;
    ((TURN.as_secs_f64() / once) as usize).clamp(1, 100_000)
}

/// The middle of some numbers.
pub fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

fn least(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Seconds in a unit to read.
pub fn shown(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.2} us", s * 1e6),
        s => format!("{:.2} ms", s * 1e3),
    }
}
