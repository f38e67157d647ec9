#!/usr/bin/env python3
"""Takes each check of who may do what out of the server, one at a time, and looks whether a test turns red.

cargo-mutants changes what functions return and how values compare; it takes no statement out, and reads no description of a
route. This finds what refuses by its form:

- a statement that ends with `?;` and asks a guard (`allowed(…).await?;`)
- an `if` that does nothing but refuse, a guard of a match that a refusal follows, a filter of keys or algorithms
- what a route takes: that it takes anything, that it takes permissions, and each of several

All of them are built into one copy of the sources, each behind a switch; a run of the tests turns one of them off.

usage: without_checks.py TREE [--list] [--jobs N] [PATTERN]

TREE is a copy of the sources, and is changed. PATTERN is a regular expression for names of checks.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

# Checks that no test can miss, with the reason.
EQUIVALENT: dict[str, str] = {}

TESTS = ["--lib", "--test", "authorization", "--test", "graphql", "--test", "rest", "--test", "recorded"]
GUARDS = re.compile(r"^\s+(allowed|wide|from_this_site|self\.contents|set\.named\.require|access\.(?:is_known|require)|self\.check|gate\.require|gate$|self\.gate$)\b")
SWITCH = """
/// Whether a check is turned off.
pub(crate) fn without(name: &str) -> bool {
    static NAME: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    NAME.get_or_init(|| std::env::var("TASKER_WITHOUT").ok()).as_deref() == Some(name)
}
"""
NEED = """fn need(operation: &Operation) -> Need {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    if crate::without(&format!("{id}: anything")) {
        return Need::Nothing;
    }
    match need_said(operation) {
        Need::Permissions(scopes) if crate::without(&format!("{id}: permissions")) && !scopes.is_empty() => Need::Identity,
        Need::Permissions(mut scopes) => {
            scopes.retain(|scope| !crate::without(&format!("{id}: {scope}")));
            Need::Permissions(scopes)
        }
        need => need,
    }
}

fn need_said(operation: &Operation) -> Need {"""


def sources(tree: pathlib.Path) -> list[pathlib.Path]:
    found = [tree / "server/src/app.rs"]
    for room in ["auth", "graphql"]:
        found += sorted((tree / "server/src" / room).glob("*.rs"))
    return [path for path in found if not path.name.endswith("_tests.rs")]


def switched(name: str) -> str:
    return f'crate::without("{name}")'


def mutate(place: str, text: str) -> tuple[str, list[str]]:
    """The text with a switch around each check, and the names of the checks."""
    lines = text.split("\n")
    end = next((number for number, line in enumerate(lines) if line == "#[cfg(test)]"), len(lines))
    names = []

    def name_of(number: int) -> str:
        what = re.sub(r"\s+", " ", lines[number].strip())
        name = base = f"{place}: {what}".replace('"', "'").replace("\\", "")
        while name in names:
            name = f"{base} #{2 + sum(other.startswith(base + ' #') for other in names)}"
        names.append(name)
        return name

    number = 0
    while number < end:
        line = lines[number]
        if GUARDS.match(line):
            last = number
            while not lines[last].endswith(";") and last < end - 1 and lines[last].strip() != "}":
                last += 1
            if lines[last].endswith("?;"):
                name = name_of(number)
                lines[number] = f"if !{switched(name)} {{ {lines[number].strip()}"
                lines[last] += " }"
                number = last
        elif re.match(r"^\s+if ", line):
            last = number
            while not lines[last].endswith("{"):
                last += 1
            if re.match(r"^\s+(return (Err|Refusal::new)\(|Err\(|return false;|return None;)", lines[last + 1]):
                condition = " ".join(one.strip() for one in lines[number : last + 1])[3:-1].strip()
                if " let " not in f" {condition}":
                    condition = f"({condition})"
                name = name_of(number)
                lines[number] = f"if !{switched(name)} && {condition} {{"
                for other in range(number + 1, last + 1):
                    lines[other] = ""
                number = last
        elif found := re.match(r"^(\s+.*(?:=>|return) )(access\.is_known\(\))([,;])$", line):
            name = name_of(number)
            lines[number] = f"{found[1]}if {switched(name)} {{ Ok(()) }} else {{ {found[2]} }}{found[3]}"
        elif found := re.match(r"^(\s+.*\.and_then\(\|\(\)\| )(from_this_site\(.*\))\)$", line):
            name = name_of(number)
            lines[number] = f"{found[1]}if {switched(name)} {{ Ok(()) }} else {{ {found[2]} }})"
        elif found := re.match(r"^(\s+.*(?:Some|Ok)\(\w+\)) if (.*) => (Ok\(.*)$", line):
            name = name_of(number)
            lines[number] = f"{found[1]} if {switched(name)} || ({found[2]}) => {found[3]}"
        elif place.startswith("auth/") and (
            found := re.match(r"^(.*\.filter\(\|[^|]+\| )(.*(?:contains|checks)\(\w+\))(\).*)$", line)
        ):
            name = name_of(number)
            lines[number] = f"{found[1]}{switched(name)} || {found[2]}{found[3]}"
        number += 1
    return "\n".join(lines), names


def operations(tree: pathlib.Path) -> list[str]:
    document = json.loads((tree / "docs/reference/openapi.json").read_text())
    names = []
    for item in document["paths"].values():
        for operation in item.values():
            if not isinstance(operation, dict) or "operationId" not in operation:
                continue
            security = operation["security"]
            scopes = security[0].get("token") if security else None
            if scopes is None:
                continue
            names.append(f"{operation['operationId']}: anything")
            if scopes:
                names.append(f"{operation['operationId']}: permissions")
            if len(scopes) > 1:
                names += [f"{operation['operationId']}: {scope}" for scope in scopes]
    return names


def build(tree: pathlib.Path) -> dict[str, str]:
    command = ["cargo", "test", "--package", "tasker-server", "--no-run", "--message-format", "json-render-diagnostics", *TESTS]
    done = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, check=True)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    made = [one for one in messages if one.get("executable") and one.get("profile", {}).get("test")]
    return {one["target"]["name"]: one["executable"] for one in made}


def is_caught(tree: pathlib.Path, programs: dict[str, str], name: str | None) -> bool:
    environment = dict(os.environ)
    if name is not None:
        environment["TASKER_WITHOUT"] = name
    # What finds it soonest comes first.
    first = "graphql" if (name or "").startswith("graphql/") else "tasker_server" if (name or "").startswith("auth/") else "authorization"
    for program in sorted(programs, key=lambda one: one != first):
        try:
            done = subprocess.run([programs[program], "--quiet"], cwd=tree / "server", env=environment, capture_output=True, timeout=600, check=False)
        except subprocess.TimeoutExpired:
            return True
        if done.returncode != 0:
            if name is None:
                sys.stdout.write(done.stdout.decode(errors="replace"))
            return True
    return False


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("tree", type=pathlib.Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("pattern", nargs="?", default="")
    arguments = parser.parse_intermixed_args()
    tree = arguments.tree.resolve()

    names = operations(tree)
    for path in sources(tree):
        place = str(path.relative_to(tree / "server/src"))
        text, found = mutate(place, path.read_text())
        names += found
        if place == "auth/guard.rs":
            assert text.count("fn need(operation: &Operation) -> Need {") == 1
            text = text.replace("fn need(operation: &Operation) -> Need {", NEED)
        if not arguments.list:
            path.write_text(text)
    chosen = [name for name in names if re.search(arguments.pattern, name) and name not in EQUIVALENT]
    gone = EQUIVALENT.keys() - names
    if gone:
        print(f"EQUIVALENT names what is not there: {sorted(gone)}")
        return 2
    if arguments.list:
        print("\n".join(chosen))
        return 0

    library = tree / "server/src/lib.rs"
    library.write_text(library.read_text() + SWITCH)
    programs = build(tree)
    if is_caught(tree, programs, None):
        print("a test fails with all checks in place")
        return 2
    missed = []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for name, caught in zip(chosen, pool.map(lambda name: is_caught(tree, programs, name), chosen)):
            print(f"{'caught' if caught else 'MISSED'}  {name}", flush=True)
            if not caught:
                missed.append(name)
    print(f"{len(chosen)} checks taken out, {len(chosen) - len(missed)} caught, {len(missed)} missed, {len(EQUIVALENT)} equivalent")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
