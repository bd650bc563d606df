"""C text becomes a loaded library: which compiler makes it, what the cache keeps, and what is said when that fails."""

import concurrent.futures
import errno
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import time

import pytest

from symloss.compiling.ccode import building, cache, compilers
from symloss.errors import SpecError, SymlossWarning

if building.find() is None or os.name != "posix":
    pytest.skip("no C compiler, or no shell", allow_module_level=True)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A cache of its own for each test, with spaces and letters that are not ASCII in its name."""
    folder = tmp_path / "a cachè"
    monkeypatch.setenv("SYMLOSS_CACHE", str(folder))
    monkeypatch.delenv("CC", raising=False)
    for module, name in ((compilers, "_passed_over"), (compilers, "_refused"), (building, "_handles"),
                         (cache, "_temporary")):
        monkeypatch.setattr(module, name, {})
    monkeypatch.setattr(cache, "_unusable", set())
    compilers._candidates.cache_clear()
    yield folder
    for made in cache._temporary.values():
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def runs(monkeypatch):
    """A list that grows by one with every run of a compiler."""
    seen, run = [], compilers._run
    monkeypatch.setattr(compilers, "_run", lambda command, *rest: [seen.append(command), run(command, *rest)][1])
    return seen


def text(answer=1):
    return f"int answer(void) {{ return {answer}; }}\n"


def again(*arguments):
    """Load as a new process does."""
    building._handles.clear()
    return building.load(*arguments)


def script(path, *lines):
    """Make a program of the shell."""
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)
    return path


def library(folder):
    (found,) = folder.glob(f"step-*/*{compilers.SUFFIX}")
    return found


# ------------------------------------------------------------------------------------------------------ hits and misses


def test_the_same_text_is_compiled_once_and_gives_one_handle(folder, runs):
    first = building.load(text(7))
    assert first.answer() == 7
    assert building.load(text(7), "another-name") is first
    assert again(text(7)).answer() == 7
    assert len(runs) == 1
    assert library(folder).with_suffix(".c").read_text() == text(7)


@pytest.mark.parametrize("change", ["text", "flags", "arguments", "compiler", "processor", "version"])
def test_what_a_library_depends_on_is_compiled_anew(change, runs, tmp_path, monkeypatch):
    wrapper = script(tmp_path / "my cc", f'exec {shlex.join(building.find().command)} "$@"')
    monkeypatch.setenv("CC", str(wrapper))
    building.load(text())
    if change == "flags":
        monkeypatch.setattr(compilers, "OPTIONAL", ("-g",))
    elif change == "arguments":
        monkeypatch.setenv("CC", f"'{wrapper}' -DX='a b'")
    elif change == "compiler":
        compilers._candidates.cache_clear()
        os.utime(wrapper, (0, 0))
    elif change == "processor":
        monkeypatch.setattr(building, "machine", lambda: "another")
    elif change == "version":
        monkeypatch.setattr(building, "VERSION", 0)
    again(text(2 if change == "text" else 1))
    assert len(runs) == 2


def test_a_name_of_any_kind_becomes_that_of_a_file(folder):
    building.load(text(), "my/net: ä" + 300 * "x")
    assert len(list(folder.glob("my_net___x*/my_net___x*.c"))) == 1


# --------------------------------------------------------------------------------------------------------------- damage


@pytest.mark.parametrize("damage", ["truncated", "empty", "one bit", "gone", "no checksum", "rubbish as checksum"])
def test_a_damaged_library_is_not_loaded_but_compiled_again(folder, runs, damage):
    building.load(text(3))
    file, content = library(folder), library(folder).read_bytes()
    file.unlink()  # this process has it mapped
    flipped = content[:999] + bytes([content[999] ^ 1]) + content[1000:]
    changed = {"truncated": content[:-100], "empty": b"", "one bit": flipped}
    if damage != "gone":
        file.write_bytes(changed.get(damage, content))
    if damage == "no checksum":
        (file.parent / cache.CHECKSUM).unlink()
    elif damage == "rubbish as checksum":
        (file.parent / cache.CHECKSUM).write_bytes(b"\xff\0")
    assert again(text(3)).answer() == 3
    assert cache.find(file.stem)
    assert len(runs) == 2


def test_a_sound_library_that_this_system_does_not_load_is_compiled_again(folder, runs, tmp_path, monkeypatch):
    building.load(text(3))
    file = shutil.copytree(folder, tmp_path / "copy") / library(folder).relative_to(folder)
    monkeypatch.setenv("SYMLOSS_CACHE", str(tmp_path / "copy"))
    file.write_bytes(b"of another system")
    cache.seal(file)
    assert again(text(3)).answer() == 3
    assert len(runs) == 2


def load_in(code, folder, **environment):
    """Start a process that runs code, and that Ctrl-C reaches even where the tests run in the background."""
    environment = os.environ | {"SYMLOSS_CACHE": str(folder)} | {name: str(v) for name, v in environment.items()}
    first = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    whole = f"{first}\nfrom symloss.compiling.ccode import building\n{code}"
    return subprocess.Popen([sys.executable, "-c", whole], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def test_threads_that_start_cold_at_once_get_one_handle(runs):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        handles = list(pool.map(lambda _: building.load(text(9)), range(4)))
    assert all(handle is handles[0] for handle in handles)
    assert handles[0].answer() == 9


def test_a_library_that_another_process_put_in_place_first_is_not_replaced(folder):
    building.load(text(1))
    kept = library(folder)
    before = kept.stat().st_ino
    with cache.work(folder) as made:
        (made / kept.name).write_bytes(b"another")
        cache.seal(made / kept.name)
        assert cache.put(made, kept.stem) == kept
    assert kept.stat().st_ino == before


def test_processes_that_start_cold_at_once_all_end_well(folder):
    loads = f"print(sum(building.load({text()!r} + f'// {{i}}').answer() for i in range(5)))"
    ended = [process.communicate(timeout=100) for process in [load_in(loads, folder) for _ in range(4)]]
    assert ended == [("5\n", "")] * 4
    assert len(list(folder.glob("step-*"))) == 5
    assert not list(folder.glob(".symloss-*"))


def hanging(folder):
    """Make a compiler that never ends, and return what waits for it to run and gives its number as a process."""
    script(folder / "cc", f"echo $$ > '{folder}/started' && mv '{folder}/started' '{folder}/runs'", "exec sleep 60")

    def number():
        for _ in range(2000):
            if (folder / "runs").exists():
                return int((folder / "runs").read_text())
            time.sleep(0.01)
        raise AssertionError("the compiler is not run")

    return number


def test_a_killed_process_leaves_nothing_that_stays(folder, tmp_path):
    number = hanging(tmp_path)
    process = load_in(f"building.load({text(4)!r})", folder, CC=tmp_path / "cc")
    os.kill(number(), signal.SIGSTOP)
    process.kill()
    process.communicate()
    os.kill(number(), signal.SIGKILL)
    (rest,) = folder.glob(".symloss-*")
    assert building.load(text(4)).answer() == 4
    building.clear()
    assert rest.exists()  # somebody may be at work there
    os.utime(rest, (0, 0))
    building.clear()
    assert not rest.exists()


def test_ctrl_c_ends_the_compiler_and_leaves_no_files(folder, tmp_path):
    number = hanging(tmp_path)
    process = load_in(f"building.load({text(4)!r})", folder, CC=tmp_path / "cc")
    compiler = number()
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=60)[1]
    with pytest.raises(ProcessLookupError):
        os.kill(compiler, 0)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("moment", ["subprocess.Popen", "threading.Timer.start"])
def test_ctrl_c_in_the_moment_in_which_the_compiler_is_started_ends_it(folder, tmp_path, moment):
    number = hanging(tmp_path)
    owner, _, name = moment.rpartition(".")
    code = f"""
import os, subprocess, threading
{owner}.{name} = (lambda before: lambda *a, **k: (before(*a, **k), os.kill(os.getpid(), signal.SIGINT))[0])({moment})
building.load({text(4)!r})"""
    process = load_in(code, folder, CC=tmp_path / "cc")
    assert "KeyboardInterrupt" in process.communicate(timeout=60)[1]
    time.sleep(0.5)
    if (tmp_path / "runs").exists():  # it may have been ended before its first line
        with pytest.raises(ProcessLookupError):
            os.kill(number(), 0)
    assert list(folder.iterdir()) == []


def test_what_another_process_has_loaded_can_be_removed(folder):
    process = load_in(f"f = building.load({text(5)!r}).answer; print(1, flush=True); input(); print(f())", folder)
    assert process.stdout.readline() == "1\n"
    assert [entry.folder.name[:5] for entry in building.clear()] == ["step-"]
    assert process.communicate("\n", timeout=60) == ("5\n", "")
    assert building.size() == 0


def test_a_child_of_a_fork_uses_what_is_loaded_and_loads_more(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMLOSS_CACHE", os.devnull)
    with pytest.warns(SymlossWarning, match="cannot be used"):
        loaded = building.load(text(5))
    place = cache.temporary()
    child = os.fork()
    if not child:
        try:
            assert loaded.answer() == 5
            assert building.load(text(6)).answer() == 6
            assert cache.temporary() != place
            shutil.rmtree(cache.temporary())
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert place.exists()


# --------------------------------------------------------------------------------------------------------------- places


@pytest.mark.parametrize("obstacle", ["a file", "below a file", "a full disk", "no programs may run there"])
def test_a_cache_that_cannot_be_used_is_said_once_and_libraries_are_kept_elsewhere(folder, obstacle, monkeypatch):
    if obstacle == "below a file":
        folder.write_text("")
        monkeypatch.setenv("SYMLOSS_CACHE", str(folder / "x" / "y"))
    elif obstacle == "a file":
        folder.write_text("")
    elif obstacle == "a full disk":
        compile_it = compilers.Compiler.compile
        full = "cc1: error: write error: No space left on device"
        monkeypatch.setattr(compilers.Compiler, "compile", lambda self, where, *rest: (
            full if folder in where.parents else compile_it(self, where, *rest)))
    else:
        def loaded(path, load=building.ctypes.CDLL):
            if str(folder) in path:
                raise OSError(f"{path}: failed to map segment from shared object")
            return load(path)

        monkeypatch.setattr(building.ctypes, "CDLL", loaded)
    with pytest.warns(SymlossWarning, match="SYMLOSS_CACHE") as said:
        assert [building.load(text(i)).answer() for i in (1, 2, 1)] == [1, 2, 1]
    assert len(said) == 1
    assert len(list(cache.temporary().glob("step-*"))) == 2


@pytest.mark.parametrize("call", ["mkdir", "write_bytes", "rename"])
def test_a_disk_that_is_full_while_files_are_written(folder, call, monkeypatch):
    owner = building.os if call == "rename" else pathlib.Path
    usual = getattr(owner, call)

    def full(path, *arguments, **options):
        if str(folder) in str(path):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return usual(path, *arguments, **options)

    monkeypatch.setattr(owner, call, full)
    with pytest.warns(SymlossWarning, match="the disk is full"):
        assert building.load(text(1)).answer() == 1


def test_a_cache_that_somebody_removes_while_a_compiler_works_is_made_anew(folder, recwarn, monkeypatch):
    compile_it, removed = compilers.Compiler.compile, []

    def compile_and_remove(*arguments):
        said = compile_it(*arguments)
        if not removed:
            removed.append(shutil.rmtree(folder))
        return said

    monkeypatch.setattr(compilers.Compiler, "compile", compile_and_remove)
    assert building.load(text(1)).answer() == 1
    assert library(folder).exists()
    assert not recwarn


def test_a_disk_that_the_compiler_finds_full_is_no_mistake_in_the_text(monkeypatch):
    full = "cc1: error: write error: No space left on device"
    monkeypatch.setattr(compilers.Compiler, "compile", lambda *arguments: full)
    with pytest.warns(SymlossWarning), pytest.raises(SpecError, match="the disk is full.*SYMLOSS_CACHE and TMPDIR"):
        building.load(text(1))


def test_a_cache_that_can_only_be_read_is_read_without_a_word(folder, monkeypatch):
    building.load(text(1))

    def forbidden(*arguments, **options):
        raise PermissionError(errno.EROFS, "Read-only file system", str(folder))

    for owner, name in ((os, "utime"), (pathlib.Path, "mkdir"), (pathlib.Path, "write_bytes"), (os, "rename")):
        monkeypatch.setattr(owner, name, forbidden)
    assert again(text(1)).answer() == 1


def test_no_folder_at_all_is_an_error_with_the_way_out(monkeypatch):
    monkeypatch.setenv("SYMLOSS_CACHE", os.devnull)

    def none(**options):
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(cache.tempfile, "mkdtemp", none)
    with pytest.warns(SymlossWarning), pytest.raises(SpecError, match="Set SYMLOSS_CACHE and TMPDIR"):
        building.load(text(1))


def test_the_cache_stands_beside_that_of_pytensor_unless_the_user_names_one(monkeypatch, tmp_path):
    monkeypatch.delenv("SYMLOSS_CACHE")
    assert cache.folder() == pathlib.Path(cache.pytensor.config.base_compiledir) / "symloss"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYMLOSS_CACHE", "here")
    assert cache.folder() == tmp_path / "here"


def test_the_cache_follows_that_of_pytensor_where_it_had_to_move(tmp_path):
    code = "from symloss.compiling.ccode import cache; print(cache.folder(), cache.pytensor.config.compiledir)"
    (tmp_path / "file").write_text("")
    process = load_in(f"import warnings\n{code}", "", HOME=tmp_path / "file", TMPDIR=tmp_path, PYTENSOR_FLAGS="",
                      PYTENSORRC="")
    ours, pytensors = process.communicate(timeout=60)[0].split()
    assert pathlib.Path(ours).parent == pathlib.Path(pytensors).parent
    assert tmp_path in pathlib.Path(ours).parents


def test_the_temporary_folder_goes_with_its_process(tmp_path):
    code = f"import warnings; warnings.simplefilter('ignore'); print(building.load({text(5)!r}).answer())"
    assert load_in(code, os.devnull, TMPDIR=tmp_path).communicate(timeout=60) == ("5\n", "")
    assert list(tmp_path.glob("symloss-*")) == []


# ------------------------------------------------------------------------------------------------------------- clearing


def test_the_cache_keeps_what_was_used_last_and_what_is_not_its_own(folder, monkeypatch):
    for i in range(4):
        building.load(text(i))
    old, *rest, last = [entry.folder for entry in building.libraries()]
    os.utime(old, (0, 0))
    (folder / "somebody-else").mkdir()
    (folder / cache.LOOKED).unlink()
    cache.trim()
    assert {entry.folder for entry in building.libraries()} == {*rest, last}  # one was too old
    monkeypatch.setattr(cache, "MOST", building.size() // 3)
    cache.trim()
    assert len(building.libraries()) == 3  # it has looked just now
    os.utime(folder / cache.LOOKED, (0, 0))
    cache.trim()
    assert [entry.folder for entry in building.libraries()] == [last]
    assert building.clear(days=1) == []
    assert len(building.clear()) == 1
    assert (folder / "somebody-else").exists()


def test_the_time_of_a_compilation_leaves_nothing_behind():
    assert 0 < building.seconds() < compilers.TIMEOUT
    assert building.libraries() == []


def test_a_library_that_is_used_stays_young(folder):
    building.load(text(1))
    (entry,) = building.libraries()
    os.utime(entry.folder, (0, 0))
    again(text(1))
    assert building.clear(days=1) == []


# ------------------------------------------------------------------------------------------------------------ compilers


@pytest.mark.parametrize(("lines", "reason"), [
    (["echo 'xcrun: error: invalid active developer path' >&2", "exit 1"], "xcrun: error: invalid active"),
    (["exit 69"], "it ended with code 69"),
    (["kill -9 $$"], "it was ended by signal 9"),
    (["exit 0"], "cannot open shared object file"),
    (['for word; do [ "$last" = -o ] && echo rubbish > "$word"; last=$word; done; true'], "file too short|invalid ELF"),
    (["sleep 60"], "it took longer than 0.3 s"),
], ids=["complains", "silent", "killed", "makes nothing", "makes rubbish", "hangs"])
def test_a_compiler_that_does_not_work_is_passed_over_with_its_reason(lines, reason, tmp_path, monkeypatch):
    monkeypatch.setenv("CC", str(script(tmp_path / "cc", *lines)))
    if lines == ["sleep 60"]:
        patience, usual = compilers.TIMEOUT, compilers.pass_over

        def pass_over(*told):
            monkeypatch.setattr(compilers, "TIMEOUT", patience)  # what the next compiler needs
            usual(*told)

        monkeypatch.setattr(compilers, "TIMEOUT", 0.3)
        monkeypatch.setattr(compilers, "pass_over", pass_over)
    with pytest.warns(SymlossWarning, match=reason) as said:
        assert building.load(text(1)).answer() == 1
    assert len(said) == 1
    assert building.load(text(2)).answer() == 2
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(compilers, "_zig", lambda: None)
    with pytest.raises(SpecError, match=f"(?s)no C compiler works here.*({reason}).*pip install ziglang"):
        building.load(text(3))


def test_a_program_that_cannot_be_run_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "cc").write_bytes(b"\0")
    (tmp_path / "cc").chmod(0o755)
    monkeypatch.setenv("CC", str(tmp_path / "cc"))
    with pytest.warns(SymlossWarning, match="cannot be run"):
        assert building.load(text(1)).answer() == 1


@pytest.mark.parametrize("wish", ["no-such-cc", "'open quote", "/no/such cc -O1"])
def test_a_wished_compiler_that_does_not_exist_is_told(wish, monkeypatch):
    monkeypatch.setenv("CC", wish)
    with pytest.warns(SymlossWarning, match=f"CC={wish} does not work .there is no such program"):
        assert building.load(text(1)).answer() == 1


def test_without_any_compiler_the_message_names_ways_out(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(compilers, "_zig", lambda: None)
    assert building.find() is None
    with pytest.raises(SpecError, match="there is no gcc, clang or cc.; install gcc or clang, or run pip install zig"):
        building.load(text(1))


def test_a_program_that_acts_as_it_is_called_is_several_compilers(tmp_path, monkeypatch):
    script(tmp_path / "ccache", f'case $0 in */gcc) exit 1;; esac; exec {shlex.join(building.find().command)} "$@"')
    for name in ("gcc", "clang"):
        (tmp_path / name).symlink_to(tmp_path / "ccache")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.warns(SymlossWarning, match="/gcc does not work"):
        assert building.load(text(1)).answer() == 1
    assert building.find().kind == "clang"


def test_a_compiler_that_is_clang_though_it_is_called_gcc(tmp_path, monkeypatch):
    script(tmp_path / "gcc", "echo 'Apple clang version 15.0.0 (clang-1500.1)'")
    monkeypatch.setattr(compilers, "MAC", True)
    monkeypatch.setenv("CC", str(tmp_path / "gcc"))
    assert building.find().name == "clang 15.0.0"
    assert building.find().kind == "clang"
    assert not set(compilers.GCC) & set(building.find().flags)


def test_a_flag_that_is_refused_is_told_and_left_out_if_it_can_be_missed(runs, monkeypatch):
    monkeypatch.setattr(compilers, "OPTIONAL", ("-fquick", "-fno-math-errno", "-march=quick"))
    with pytest.warns(SymlossWarning, match="does not accept -fquick") as said:
        assert [building.load(text(i)).answer() for i in range(2)] == [0, 1]
    assert "-fno-math-errno" in building.find().flags
    assert len(said) <= 2
    assert len(runs) <= 4


def test_a_mistake_in_the_text_is_told_with_a_file_to_read(folder):
    with pytest.raises(SpecError) as raised:
        building.load("int answer(void) { return nothing; }\n", "net")
    told = str(raised.value)
    assert building.find().name in told
    assert "'nothing' undeclared" in told or "undeclared identifier 'nothing'" in told
    assert "mode='NUMBA'" in told
    (file,) = folder.glob("net-*/*.c")
    assert str(file) in told
    assert building.load(text(1)).answer() == 1


def test_what_the_linker_says_is_told_and_not_that_it_failed():
    with pytest.raises(SpecError, match=r"hidden.* 'elsewhere|undefined.*elsewhere|elsewhere.*undefined"):
        building.load('extern int elsewhere __attribute__((visibility("hidden"))); int f(void) { return elsewhere; }\n')


def test_a_function_that_exists_nowhere_is_a_mistake_in_the_text():
    with pytest.raises(SpecError, match="nowhere"):
        building.load("int nowhere(void); int answer(void) { return nowhere(); }\n")


def test_the_zig_of_pip_is_used_where_there_is_nothing_else(folder, tmp_path, monkeypatch):
    (tmp_path / "ziglang").mkdir()
    script(tmp_path / "ziglang" / "zig", "[ $1 = cc ] && shift || exit 1", 'touch "$ZIG_GLOBAL_CACHE_DIR"',
           'for word; do shift; [ "$word" = -mcpu=native ] || set -- "$@" "$word"; done',
           f'exec {shlex.join(building.find().command)} "$@"')
    for tool in ("as", "ld", "touch"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ZIG_GLOBAL_CACHE_DIR", raising=False)
    assert building.load(text(8)).answer() == 8
    assert building.find().kind == "zig"
    assert (folder / compilers.ZIG_FOLDER).exists()
