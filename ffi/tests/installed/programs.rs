//! Programs in C, each case of them a test.

use crate::support::{Linked, Program, database, source, succeed, told};
use serde_json::Value;
use std::os::unix::process::ExitStatusExt;
use tempfile::NamedTempFile;

/// Runs a case of a program: it succeeds. What was written.
fn run(program: &str, case: &str) -> String {
    let program = Program::of(&format!("tests/programs/{program}.c"), Linked::Shared, &[]);
    let database = database();
    let output = program.command(&database).arg(case).output().unwrap();
    assert!(output.status.success(), "{}: {}", output.status, told(&output));
    told(&output)
}

/// Runs a case of a program: it succeeds, and nothing is written.
fn passes(program: &str, case: &str) {
    assert_eq!(run(program, case), "", "a library writes nothing");
}

/// `cases! { program { case => sentence } }`: a test for each case.
macro_rules! cases {
    ($($program:ident { $($case:literal => $sentence:ident)* })*) => {$($(
        #[test]
        fn $sentence() {
            passes(stringify!($program), $case);
        }
    )*)*};
}

cases! {
    arguments {
        "nulls" => null_is_refused_by_every_function
        "texts" => what_is_not_utf8_is_refused
        "options" => options_of_other_sizes_are_read_as_far_as_they_are_known
        "outputs" => answers_are_written_only_when_there_is_one
        "lending" => what_a_driver_of_the_programs_own_says_goes_through
        "versions" => the_header_and_the_library_are_of_one_version
    }
    documents {
        "reading" => documents_are_read_by_json_pointer
        "refusing" => a_text_that_another_language_cannot_carry_is_refused_with_its_place
        "making" => documents_are_made_by_json_pointer
        "mistaking" => the_first_change_that_was_refused_is_told_to_whoever_uses_the_document
        "nesting" => a_document_is_nested_128_levels_at_the_most
    }
    client {
        "verbs" => a_task_is_created_read_operated_on_and_cancelled
        "annotations" => what_was_noted_on_a_task_is_read_oldest_first
        "by_name" => every_other_verb_is_called_by_its_name
        "errors" => errors_say_what_they_are
        "away" => a_database_that_is_away_is_told_and_may_be_tried_again
        "closing" => a_client_is_closed_twice_and_then_says_so
        "workflow" => a_workflow_in_code_is_the_same_template_as_in_yaml
    }
    worker {
        "crossing" => a_workflow_crosses_handlers_with_context_results_and_config
        "failing" => failures_are_retryable_or_permanent_and_a_number_is_one_too
        "unserializable" => what_json_cannot_say_is_a_permanent_failure
        "cancelling" => a_handler_hears_that_its_attempt_is_cancelled
        "many_threads" => many_threads_run_handlers_until_a_signal_handler_stops_them
        "refusing" => a_worker_that_cannot_work_says_why
        "large_context" => a_context_that_did_not_come_along_is_fetched
    }
    polling {
        "outcomes" => a_program_that_polls_says_what_came_of_each_step
        "lost" => an_outcome_that_comes_too_late_is_told_so
        "descriptor" => an_event_loop_works_by_the_descriptor
        "ahead" => a_step_that_was_fetched_ahead_goes_back_uncounted
        "stopping" => who_waits_for_work_hears_that_the_worker_stops
    }
    transactions {
        "creating" => what_is_rolled_back_was_never_created
        "many" => many_tasks_are_created_in_a_transaction_or_none
        "refusing" => what_is_refused_before_postgresql_is_asked_leaves_the_transaction_as_it_was
        "states" => a_connection_that_is_in_no_transaction_that_goes_on_is_told_why
        "elsewhere" => a_database_without_tasker_is_a_matter_of_configuration
        "closing" => a_client_that_was_closed_or_is_the_parents_creates_nothing
    }
    completions {
        "completing" => a_handler_completes_its_step_in_its_own_transaction
        "rolling_back" => a_completion_that_is_rolled_back_is_a_failure_and_one_that_was_committed_stays
        "ignoring" => a_completion_that_was_refused_is_no_success
        "too_late" => an_attempt_that_is_over_cannot_be_completed
        "polling" => a_program_that_polls_completes_steps_in_its_own_transaction
    }
    http {
        "deciding" => a_program_decides_who_may_do_what
        "giving_up" => a_request_that_another_thread_gives_up_is_told_to_whoever_waits
        "writing" => a_body_is_written_when_it_is_asked_for
        "descriptors" => one_thread_has_many_requests_on_their_way_by_their_descriptors
        "refusing" => what_is_no_request_and_events_of_other_sizes_are_refused
        "forking" => a_forked_child_leaves_requests_alone_and_a_freed_client_answers_no_more
    }
    recorded {
        "conversing" => c_answers_over_http_as_recorded
    }
    kit {
        "running" => a_workflow_under_test_runs_in_the_transaction_and_nothing_is_left
        "faults" => faults_strike_and_waits_take_no_time
        "clock" => the_clock_is_the_tests
        "operating" => a_test_does_what_an_operator_would
        "crashing" => a_workflow_is_right_wherever_its_process_dies_or_it_is_told_where_not
    }
    kit_edges {
        "completing" => a_handler_under_test_completes_in_the_transaction_of_the_test
        "refusing" => a_test_that_cannot_be_says_why
    }
    process {
        "leaving_nothing" => no_thread_and_no_descriptor_is_left
        "forking" => a_forked_child_is_refused_with_both_processes_and_makes_its_own
        "signals" => signals_are_left_to_the_host
        "broken" => a_connection_that_breaks_is_no_sigpipe
        "leaving" => a_process_may_end_with_everything_open
        "logging" => the_log_of_the_engine_is_kept_for_who_asks
    }
}

/// The vectors that hold every language to the same values. Texts that are refused are numbers there: in some is what no document may
/// have.
fn vectors() -> NamedTempFile {
    let text = std::fs::read_to_string(source("../tests/vectors/values.json")).unwrap();
    let mut vectors: Value = serde_json::from_str(&text).unwrap();
    for vector in vectors["refuse"].as_array_mut().unwrap() {
        vector["utf8"] = vector["text"].is_string().into();
        if let Value::String(text) = vector["text"].take() {
            vector["bytes"] = text.into_bytes().into();
        }
        vector.as_object_mut().unwrap().remove("text");
    }
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), vectors.to_string()).unwrap();
    file
}

fn holds_to_the_vectors(case: &str) {
    let (program, vectors, database) = (
        Program::of("tests/programs/vectors.c", Linked::Shared, &[]),
        vectors(),
        database(),
    );
    let mut command = program.command(&database);
    let told = told(&succeed(command.arg(case).env("VECTORS", vectors.path())));
    assert_eq!(told, "", "a library writes nothing");
}

#[test]
fn what_the_vectors_accept_is_read_and_what_they_refuse_is_refused_with_its_place() {
    holds_to_the_vectors("parsing");
}

#[test]
fn what_the_vectors_accept_crosses_from_step_to_step_as_it_is() {
    holds_to_the_vectors("crossing");
}

#[test]
fn results_are_as_large_as_the_vectors_say_at_the_most() {
    holds_to_the_vectors("limiting");
}

#[test]
fn whole_numbers_are_kept_exactly() {
    holds_to_the_vectors("numbers");
}

#[test]
fn a_panic_is_an_error_and_the_library_works_on() {
    // The standard library of Rust tells it to standard error; whoever sets that aside does so for the whole program.
    assert!(run("process", "panicking").contains("panicked"));
}

#[test]
fn cpp_uses_the_same_header_and_catches_its_exceptions_itself() {
    let program = Program::of("tests/programs/from_cpp.cpp", Linked::Shared, &[]);
    let database = database();
    let output = program.command(&database).arg("careful").output().unwrap();
    assert!(output.status.success(), "{}: {}", output.status, told(&output));
}

#[test]
fn cpp_uses_the_headers_of_tests_and_of_libpq() {
    let program = Program::of("tests/programs/kit_from_cpp.cpp", Linked::Shared, &[]);
    succeed(&mut program.command(&database()));
}

#[test]
fn an_exception_that_leaves_a_handler_ends_the_process() {
    let program = Program::of("tests/programs/from_cpp.cpp", Linked::Shared, &[]);
    let database = database();
    let output = program.command(&database).arg("careless").output().unwrap();
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{}", told(&output));
}
