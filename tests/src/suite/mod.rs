//! Behaviours: each is written once, as a function over a database with the tables of `specs/suite.yaml`, and runs on
//! every kind of database. A new behaviour is a function in the file of its topic and its name in `behaviours!`.
// Types are written out to check what a query gives, however long they are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::type_complexity, missing_docs)]
#![allow(clippy::cloned_ref_to_slice_refs, clippy::nonminimal_bool, clippy::needless_borrows_for_generic_args)]

use std::future::{Future, poll_fn};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Once;
use std::task::Poll;
use std::time::Duration;

use pilaster::{Db, Dialect, Result};

use crate::database::{Kind, is_required};
use crate::models::{NewPost, NewUser, Post, Status, User};
use crate::with_tables;

pub mod aggregate;
pub mod blocking;
pub mod custom;
pub mod errors;
pub mod filter;
pub mod include;
pub mod insert;
pub mod join;
pub mod links;
pub mod lock;
pub mod music;
pub mod numbers;
pub mod pool;
pub mod read;
pub mod relation;
pub mod stream;
pub mod tables;
pub mod texts;
pub mod transaction;
pub mod types;
pub mod upsert;
pub mod write;

/// Calls a macro with all behaviours, by topic.
#[macro_export]
macro_rules! behaviours {
    ($then:ident) => {
        $then! {
            insert: one_comes_back_as_stored, defaults_are_the_databases, options_are_values_or_null, many_keep_their_order,
                many_with_different_columns, keys_only, none_at_all, a_failure_inserts_nothing, keyless_rows,
                keys_of_ones_own, many_writers_get_their_own_keys, more_than_fit_one_statement,
                many_keys_of_ones_own, the_row_at_fault_is_named;
            upsert: one_is_inserted_or_updated, one_is_ignored, all_that_is_given, by_expressions,
                several_columns_see_the_row_as_it_was, many_keep_their_order, many_are_ignored, the_same_row_many_times,
                another_key_is_a_violation, ignored_by_one_key_of_several, null_finds_nothing, keys_of_several_columns, versions_count, get_or_insert,
                many_writers, in_a_transaction_and_a_session, the_key_has_to_be_given, updates_see_the_row_as_it_was;
            read: by_key, by_unique_key, by_key_of_two_columns, all_and_first, one, one_or_none, count_and_exists,
                order_by_several, nulls_are_ordered_as_told, enums_are_ordered_by_declaration, limit_and_offset,
                pages, distinct, optional_filters, order_by_a_choice, select_tuples, select_models, map_into_a_struct,
                raw_sql, raw_sql_gives_models, raw_sql_takes_lists, raw_sql_gives_lists;
            filter: comparisons, null_is_neither_equal_nor_unequal, and_or_not, lists, long_lists, too_many_values, lists_of_a_subquery, ranges,
                text_is_matched_literally, text_is_matched_by_case_or_not, arithmetic, quotients_of_integers, coalesce, enums, scalar_subquery;
            aggregate: count_sum_avg_min_max, of_nothing, groups, groups_of_expressions, having, floats, decimals, decimals_and_integers,
                counts_of_groups, having_of_grouped, having_with_subqueries, having_of_two_tables, values_beside_groups, averages,
                ungrouped_columns, counts_of_aggregates, distinct_orders, shares_of_a_total, orders_that_do_not_matter,
                having_of_groups_in_subqueries, having_without_groups, aggregates_where_none_can_stand,
                aggregates_in_subqueries;
            write: save, save_of_a_row_that_is_gone, reload, delete, delete_of_a_row_that_is_gone, update_by_query,
                update_to_null_and_options, update_by_an_expression, update_that_sets_nothing, update_of_all,
                delete_by_query, by_rows_of_the_same_table, of_rows_of_the_same_table, generated_columns,
                what_cannot_be_set, the_last_word_on_a_column_counts, versions,
                a_save_gives_back_what_it_wrote;
            join: inner, left, left_columns_are_options, of_a_table_with_itself, many_to_many, by_a_condition,
                three_tables, select_across;
            relation: any_and_none, exists_and_count, has, rows_in_hand, no_row_is_not_the_one_in_hand, lazy_both_ways, has_one, composite_keys, trees,
                through_a_model;
            include: many, one_and_optional, filtered_ones_are_optional, filtered_ordered_limited, nested,
                many_to_many, of_a_table_with_itself, composite_keys, duplicated_parents, no_parents, with_pages,
                of_many_parents;
            stream: all_rows_in_their_order, few_rows_are_read_ahead, dropped_before_its_end, in_a_transaction,
                an_error_comes_last, blocking;
            links: link_and_unlink, replace_and_clear, self_links, queries;
            lock: nothing_is_lost, it_waits_and_reads_the_new_value, no_wait, skip_locked, a_queue_of_jobs,
                share_locks_go_together, only_rows_of_the_query_itself, keys_that_are_left_free, waiting_for_too_long,
                a_deadlock_is_run_again, at_repeatable_read, not_in_a_transaction_that_only_reads, not_where_rows_are_made_of_several,
                of_any_selection, built_before_or_after, by_keys_that_share_a_column, how_they_are_written;
            custom: round_trip, refused_on_the_way_in, refused_on_the_way_out, comparisons;
            tables: created_again_and_dropped;
            types: integers, floats, infinities_and_nan, decimals, decimals_that_are_set, texts, bytes, many_of_all, dates_and_times, instants_beyond_a_timestamp, uuid_and_json, least_and_greatest, enums_and_flags, nulls,
                unknown_labels_are_errors, decode_errors_name_the_column,
                what_does_not_fit_is_named, what_does_not_fit_can_be_read, what_is_generated_is_named;
            numbers: set_out_of_range, computed_out_of_range, exact_out_of_range, floats_out_of_range, what_is_read_elsewhere,
                reals_have_32_bits, computed_infinities, what_is_expected_is_said_alike, compared_with_values_beyond_64_bits,
                compared_with_wider_ones, computed_wider_than_the_column, computed_beyond_64_bits, reals_compared_with_doubles,
                quotients_of_many_digits;
            texts: a_column_selected_twice, keys_of_text, rows_that_may_be_missing, hand_written_sql_reads_again,
                streams_writes_and_sessions;
            errors: unique, primary_key, foreign_key, check, not_null, restricted_delete, what_is_wrong_stays_out,
                a_killed_connection_is_replaced;
            transaction: commit, rollback, dropped, savepoints, by_closure, errors_roll_back, panics_roll_back,
                cancelled_futures_roll_back, handles_do_not_outlive, rehearsal, in_spawned_tasks, of_a_kind,
                run_again_when_serializable, isolation_levels, deferrable;
            pool: what_it_does_is_told, a_ping_is_answered;
            blocking: the_main_paths, transactions, without_a_runtime;
            music: bands_by_songs, invoices_by_country, employees_and_managers, mixtapes_with_empty_ones,
                customers_without_a_large_invoice;
        }
    };
}

/// Runs a behaviour on a fresh database, or says that it was skipped.
pub async fn run<F, O>(kind: Kind, behaviour: F)
where
    F: FnOnce(Db) -> O,
    O: Future<Output = Result<()>>,
{
    let fresh = match with_tables::fresh(kind).await.unwrap() {
        Ok(fresh) => fresh,
        Err(why) => {
            assert!(!is_required(kind), "{} is required: {why}", kind.name());
            return skipped(kind, &why);
        }
    };
    let outcome = caught(behaviour(fresh.db.clone())).await;
    // Also after a failure, so that nothing is left on a server that is not the test's own.
    let removed = tokio::time::timeout(Duration::from_secs(60), fresh.remove()).await;
    match outcome {
        Ok(result) => result.unwrap(),
        Err(panic) => resume_unwind(panic),
    }
    removed.unwrap().unwrap();
}

/// What a future gives, or its panic.
async fn caught<F: Future>(future: F) -> std::thread::Result<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// Says once that a kind of database is absent, past the capture of what passing tests print.
fn skipped(kind: Kind, why: &str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = writeln!(std::io::stderr(), "skipped: all of {}: {why}", kind.name());
    });
}

/// Users of these names.
async fn users<const N: usize>(db: &Db, names: [&str; N]) -> Result<[User; N]> {
    let users = User::insert_many(names.map(NewUser::new)).all(db).await?;
    Ok(users.try_into().unwrap())
}

/// A post of a user.
async fn post(db: &Db, user: &User, title: &str) -> Result<Post> {
    NewPost::new(title, user).insert(db).await
}

/// A few users and posts: ann has three posts, bob one, eve none.
async fn blog(db: &Db) -> Result<([User; 3], Vec<Post>)> {
    let [ann, bob, eve] = users(db, ["ann", "bob", "eve"]).await?;
    let rows = [
        NewPost::new("Rust", &ann).views(10).status(Status::Published).rating(4.5),
        NewPost::new("SQL", &ann).views(5).editor_id(&bob),
        NewPost::new("Rust and SQL", &bob).views(7).status(Status::Archived).editor_id(&ann).rating(2.0),
        NewPost::new("Empty", &ann).views(0).status(Status::Published),
    ];
    let posts = Post::insert_many(rows).all(db).await?;
    Ok(([ann, bob, eve], posts))
}

fn names(users: &[User]) -> Vec<&str> {
    users.iter().map(|user| user.name.as_str()).collect()
}

fn titles(posts: &[Post]) -> Vec<&str> {
    posts.iter().map(|post| post.title.as_str()).collect()
}

/// A name in hand-written SQL, quoted for the database.
fn quoted(db: &Db, name: &str) -> String {
    if db.dialect() == Dialect::Mysql { format!("`{name}`") } else { format!("\"{name}\"") }
}

/// The place of a parameter in hand-written SQL.
fn place(db: &Db, number: usize) -> String {
    if db.dialect() == Dialect::Postgres { format!("${number}") } else { "?".to_owned() }
}
