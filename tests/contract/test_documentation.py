"""The reference says what there is: pages made from the code, and limits, complete and exact."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from bs4 import BeautifulSoup

from calibrify_core import contributions
from calibrify_core.api import body, guard, idempotency, query, upload
from calibrify_core.api import types as api_types
from calibrify_core.auth import api_tokens, limits, passwords
from calibrify_core.cli.main import main
from calibrify_core.exchange import report, tables
from calibrify_core.hooks import specs
from calibrify_core.hooks.declarations import Permission, Setting
from calibrify_core.hooks.manager import Plugins, installed
from calibrify_core.kernel import errors
from calibrify_core.kernel.settings import Settings
from calibrify_core.records import listing
from calibrify_core.storage import interface
from calibrify_equipment.api.bulk import MOST_OPERATIONS

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
KINDS = ("hooks", "events", "settings", "permissions", "commands")
RUNNING = Plugins(contributions, installed())

HOOKS = {
    name: found
    for module in (specs, *RUNNING.values("calibrify_hookspecs"))
    for name, found in vars(module).items()
    if name.startswith("calibrify_") and inspect.isfunction(found)
}
EVENTS = {
    name: found
    for path in ROOT.glob("plugins/*/src/*/events.py")
    for name, found in vars(import_module(f"{path.parent.name}.events")).items()
    if dataclasses.is_dataclass(found) and found.__module__ == f"{path.parent.name}.events"
}
SETTINGS = {
    f"CALIBRIFY_{name.upper()}": field
    for name, field in Settings.model_fields.items()
    if name != "plugin_settings"
}
PLUGIN_SETTINGS: dict[str, Setting] = {
    f"CALIBRIFY_{made.plugin.upper()}__{made.value.key.upper()}": made.value
    for made in RUNNING.collect("calibrify_settings")
}
PERMISSIONS: dict[str, Permission] = RUNNING.named("calibrify_permissions")


def commands(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        elif command is not None:
            yield f"{prefix} {name}", command


@pytest.fixture(scope="module")
def all_commands(tmp_path_factory: pytest.TempPathFactory) -> dict[str, click.Command]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CALIBRIFY_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        return dict(commands(main, "calibrify"))


@dataclasses.dataclass(frozen=True)
class Page:
    """A built page.

    Attributes:
        file: its file's name without the ending.
        title: its first heading.
        text: all its text, blanks and line ends made one blank.
        code: its blocks of code.
        links: what it links to.
        facts: its fields, by their names.
    terms: what it defines, each with a sentence.
        terms: what it defines, each with a sentence.
        example: the first block of code below the heading *Example*.
    """

    file: str
    title: str
    text: str
    code: list[str]
    links: set[str]
    facts: dict[str, str]
    terms: dict[str, str]
    example: str

    @classmethod
    def read(cls, path: Path) -> Page:
        soup = BeautifulSoup(path.read_bytes(), "html.parser").select_one("[role=main]")
        for link in soup.select("a.headerlink"):
            link.decompose()
        facts = {
            list_of: {
                name.get_text(): name.find_next_sibling("dd").get_text().strip()
                for name in soup.select(f"dl.{list_of} > dt")
            }
            for list_of in ("field-list", "simple:not(.field-list)")
        }
        example = soup.select_one("section#example pre")
        return cls(
            path.stem,
            soup.h1.get_text(),
            " ".join(soup.get_text().split()),
            [block.get_text() for block in soup.select("pre")],
            {link["href"] for link in soup.select("a[href]")},
            {name.rstrip(":"): told for name, told in facts["field-list"].items()},
            {name: told for name, told in facts["simple:not(.field-list)"].items() if told},
            example.get_text() if example else "",
        )


Built = dict[str, dict[str, Page]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("docs")
    source, output = folder / "source" / "reference", folder / "html"
    (source / "hooks").mkdir(parents=True)
    # What an earlier build left of a hook that is gone.
    (source / "hooks" / "calibrify_gone.md").write_text("# `calibrify_gone`\n", encoding="utf-8")
    for name in (*KINDS, "errors"):
        shutil.copy(REFERENCE / f"{name}.md", source)
    index = "# All\n\n```{toctree}\n:glob:\n\nreference/*\n```\n"
    (source.parent / "index.md").write_text(index, encoding="utf-8")
    build = [sys.executable, "-m", "sphinx", "-q", "-c", str(REFERENCE.parent), "-b", "html"]
    build += ["-D", "html_theme=basic", "-D", "smartquotes=0", str(source.parent), str(output)]
    subprocess.run(build, check=True, capture_output=True, timeout=110)
    pages = {
        kind: [Page.read(path) for path in (output / "reference" / kind).glob("*.html")]
        for kind in KINDS
    }
    lists = [Page.read(output / "reference" / f"{kind}.html") for kind in (*KINDS, "errors")]
    return {
        **{kind: {page.title: page for page in found} for kind, found in pages.items()},
        "lists": {page.file: page for page in lists},
    }


def test_there_is_a_page_for_each_thing_and_for_nothing_else(
    built: Built, all_commands: dict[str, click.Command]
) -> None:
    assert set(built["hooks"]) == set(HOOKS)
    assert set(built["events"]) == set(EVENTS)
    assert set(built["settings"]) == {*SETTINGS, *PLUGIN_SETTINGS}
    assert set(built["permissions"]) == set(PERMISSIONS)
    assert set(built["commands"]) == set(all_commands)


def test_each_list_leads_to_all_pages_of_its_kind(built: Built) -> None:
    for kind in KINDS:
        wanted = {f"{kind}/{page.file}.html" for page in built[kind].values()}
        assert wanted <= built["lists"][kind].links


def test_each_page_has_an_example_and_says_since_when(built: Built) -> None:
    for kind in KINDS:
        for title, page in built[kind].items():
            assert page.example.strip(), title
            assert re.fullmatch(r"\d+\.\d+", page.facts["Since"]), title


def compact(text: str) -> str:
    """Returns a signature without blanks and quotes, whatever lines it takes."""
    named = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", text)
    return re.sub(r"[\s'\"]", "", named).replace(",)", ")")


def test_the_signature_of_each_hook_is_exact(built: Built) -> None:
    for name, hook in HOOKS.items():
        exact = compact(f"def {name}{inspect.signature(hook)}: ...")
        assert compact(built["hooks"][name].code[0]) == exact


def test_the_signature_of_each_event_is_exact_and_each_member_is_told(
    built: Built,
) -> None:
    for name, event in EVENTS.items():
        page = built["events"][name]
        exact = compact(f"{name}{inspect.signature(event)}").removesuffix("->None")
        assert compact(page.code[0]) == exact
        assert {f"{field.name}: {field.type}" for field in dataclasses.fields(event)} <= set(
            page.terms
        )


def test_each_declaration_that_a_hook_returns_is_described(
    built: Built,
) -> None:
    for name, hook in HOOKS.items():
        returned = inspect.get_annotations(hook, eval_str=True)["return"]
        for kind in getattr(returned, "__args__", (returned,)):
            if dataclasses.is_dataclass(kind):
                exact = compact(f"{kind.__name__}{inspect.signature(kind)}").removesuffix("->None")
                assert exact in map(compact, built["hooks"][name].code), name
                members = {f"{field.name}: {field.type}" for field in dataclasses.fields(kind)}
                assert members <= set(built["hooks"][name].terms), name


def test_the_example_of_each_hook_fits_what_it_declares(built: Built) -> None:
    for name, hook in HOOKS.items():
        returned = inspect.get_annotations(hook, eval_str=True)["return"]
        kinds = {kind.__name__: kind for kind in getattr(returned, "__args__", (returned,)) if kind}
        for call in ast.walk(ast.parse(built["hooks"][name].example)):
            kind = kinds.get(call.func.id) if is_plain_call(call) else None
            if kind is not None:
                given = {keyword.arg: None for keyword in call.keywords}
                inspect.signature(kind).bind(*call.args, **given)


def is_plain_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def test_the_example_of_each_event_imports_what_is_there(
    built: Built,
) -> None:
    for name, event in EVENTS.items():
        tree = ast.parse(built["events"][name].example)
        (taken,) = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        assert getattr(import_module(taken.module), taken.names[0].name) is event


def test_each_hook_has_a_user(built: Built) -> None:
    shipped = "\n".join(
        path.read_text(encoding="utf-8")
        for pattern in ("calibrify_core/contributions.py", "plugins/*/src/*/plugin.py")
        for path in ROOT.glob(pattern)
    )
    for name in HOOKS:
        assert f"def {name}(" in shipped, name
        assert "No plugin that is installed." not in built["hooks"][name].text


def plain(default: object) -> str:
    if default in (None, "", ()):
        return "not set"
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_each_setting_is_told_and_its_example_can_be_given(
    built: Built,
) -> None:
    for name, field in SETTINGS.items():
        page, key = built["settings"][name], name.removeprefix("CALIBRIFY_").lower()
        assert field.description in page.text
        given = page.example.splitlines()[0].removeprefix(f"{name}=")
        assert Settings.model_validate({key: given})
        assert page.facts["Default"] == plain(field.default)
    for name, setting in PLUGIN_SETTINGS.items():
        page = built["settings"][name]
        assert setting.description in page.text
        assert page.facts["Default"] == plain(setting.default)
        setting.parse(page.example.splitlines()[0].removeprefix(f"{name}="))


def test_each_permission_is_told_with_its_default_roles(
    built: Built,
) -> None:
    for name, permission in PERMISSIONS.items():
        page = built["permissions"][name]
        assert permission.title in page.text
        roles = re.findall(r"\((\w+)\)", page.facts["Default roles"])
        assert roles == list(permission.roles)


def test_each_command_is_told_with_its_options_and_its_example_can_be_typed(
    built: Built, all_commands: dict[str, click.Command]
) -> None:
    for name, command in all_commands.items():
        page, context = built["commands"][name], click.Context(command, info_name=name)
        assert page.code[0].strip() == command.get_usage(context).removeprefix("Usage: ")
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert all(option in page.text for option in parameter.opts), name
                assert parameter.help, f"{name} {parameter.opts[0]} has no help"
                assert parameter.help.replace("`", "") in page.text, name
        words = shlex.split(page.example)
        start = len(name.split())
        assert " ".join(words[:start]) == name
        command.make_parser(context).parse_args(words[start:])


def descendants(kind: type[errors.CalibrifyError]) -> Iterator[type[errors.CalibrifyError]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


def test_each_error_of_the_api_is_listed(built: Built) -> None:
    text = built["lists"]["errors"].text
    for error in descendants(errors.CalibrifyError):
        if error is not errors.ConfigurationError:
            assert f"{error.status} {error.code} {error.title} " in text


READ = tables.ReadLimits()
MEBIBYTE = 1 << 20


@pytest.mark.parametrize(
    ("row", "most"),
    [
        ("JSON body", f"{guard.MAX_BODY // MEBIBYTE} MiB"),
        ("upload, form and file together", f"{guard.MAX_UPLOAD // MEBIBYTE} MiB"),
        ("file in an upload", f"{interface.FILE_LIMIT // MEBIBYTE} MiB"),
        ("file in an upload", f"{READ.file_bytes // MEBIBYTE} MiB"),
        ("nesting of a body", f"{body.MAX_DEPTH} levels"),
        ("one text", f"{body.MAX_TEXT:,} characters"),
        ("one decimal", f"{api_types.MAX_DIGITS} digits"),
        ("one decimal", f"to {api_types.MAX_EXPONENT}"),
        ("query", f"{guard.MAX_QUERY:,} characters, {query.MAX_PARAMETERS} parameters"),
        ("one parameter of a list", f"{listing.MAX_TEXT} characters"),
        ("one parameter of a list", f"{listing.MAX_VALUES} values"),
        ("one parameter of a list", f"{listing.MAX_ORDERINGS} orderings"),
        ("page of a list", f"{listing.MAX_LIMIT} rows"),
        ("operations in one bulk request", f"{MOST_OPERATIONS:,}"),
        (
            "parts of a form",
            f"{upload.MAX_PARTS}, each text of at most {upload.MAX_TEXT >> 10} KiB",
        ),
        ("errors in one answer", f"{body.MAX_ERRORS}"),
        ("`Idempotency-Key`", f"{idempotency.MAX_KEY} printable"),
        ("import: rows", f"{READ.rows:,}"),
        ("import: columns", f"{READ.columns}"),
        ("import: one cell", f"{tables.MAX_CELL:,} characters"),
        ("import: one line of a CSV", f"{READ.line_bytes // MEBIBYTE} MiB"),
        ("import: an XLSX unpacked", f"{READ.unpacked_bytes // MEBIBYTE} MiB in {READ.entries:,} "),
        ("import: an XLSX unpacked", f"at most {READ.ratio} times"),
        ("import: used area of a sheet", f"{READ.cells:,} cells, {READ.text_bytes >> 20} MiB"),
        ("import: problems listed in the result", f"{report.KEPT:,}"),
        ("requests of an account", f"{int(limits.CALLER.removesuffix('/minute')):,} a minute"),
        ("requests from an address", f"{int(limits.STRANGER.removesuffix('/minute')):,} a minute"),
        ("password", f"{passwords.SHORTEST} to {passwords.LONGEST} characters"),
        ("life of an API token", f"{api_tokens.LONGEST_LIFE.days} days"),
    ],
)
def test_every_limit_of_the_api_is_documented_as_it_is(row: str, most: str) -> None:
    text = (REFERENCE / "api-conventions.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {row}")]
    assert most in line


LINK = re.compile(r"\]\(([^)#\s]+)")
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("plugins/*/README.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_readme_leads_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    lost = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not lost, lost
