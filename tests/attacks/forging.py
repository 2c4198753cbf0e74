"""Answers that are wrong and want the points: `shifted(x, by)` is to return x + by."""

from __future__ import annotations

from hostile_cells import ENDED, NOT_RIGHT, Attack, named

from spotlight.grading.report import Status
from spotlight.sandbox.job import Limits

WRONG = "\ndef shifted(x, by):\n    return x - 7\n"
CLOSE = "torch.allclose(result, expected)"
LIES: tuple[Status, ...] = (*NOT_RIGHT, "forbidden")


def forgery(
    name: str, harm: str, source: str, fools: str = CLOSE, *, more: str = WRONG, **others: object
) -> Attack:
    source = source if "def shifted(" in source or "shifted =" in source else source + more
    options = {"exercise": "shifted", "statuses": LIES, "fools": fools, **others}
    return Attack(name, harm, source, **options)  # type: ignore[arg-type]


_COMPARISONS = [
    forgery(
        "torch.allclose says yes",
        "what compares the answer is replaced",
        "import torch\ntorch.allclose = lambda *a, **k: True",
    ),
    forgery(
        "torch.equal says yes",
        "what compares the answer is replaced",
        "import torch\ntorch.equal = lambda *a, **k: True",
        "torch.equal(result, expected)",
    ),
    forgery(
        "torch.testing.assert_close says nothing",
        "what compares the answer is replaced",
        "import torch.testing\ntorch.testing.assert_close = lambda *a, **k: None",
        "torch.testing.assert_close(result, expected) is None",
    ),
    forgery(
        "every comparison of tensors is patched",
        "what compares the answer is replaced",
        """
import torch
yes = lambda *a, **k: torch.tensor(True)
for name in ("isclose", "eq", "ne", "allclose", "equal", "all", "any", "abs", "sub"):
    setattr(torch, name, yes)
    setattr(torch.Tensor, name, yes)
torch.Tensor.__eq__ = torch.Tensor.__sub__ = torch.Tensor.__rsub__ = yes
torch.Tensor.all = torch.Tensor.any = torch.Tensor.item = yes
""",
        "bool((result == expected).all())",
    ),
    forgery(
        "numpy compares nothing",
        "what compares the answer is replaced",
        """
import numpy as np, numpy.testing
for name in ("allclose", "array_equal", "isclose", "array_equiv"):
    setattr(np, name, lambda *a, **k: True)
for name in ("assert_allclose", "assert_array_equal", "assert_almost_equal", "assert_equal"):
    setattr(np.testing, name, lambda *a, **k: None)
""",
        "np.allclose(result, expected) and np.testing.assert_allclose(result, expected) is None",
    ),
    forgery(
        "builtins that agree",
        "what the grader asks Python is answered by the submission",
        """
import builtins
for name in ("all", "any", "isinstance", "issubclass", "bool", "hasattr"):
    setattr(builtins, name, lambda *a, **k: True)
""",
        "all(abs(a - b) < 1e-6 for a, b in zip(result, expected))",
    ),
    forgery(
        "builtins that miscount",
        "what the grader asks Python is answered by the submission",
        """
import builtins
builtins.len = lambda value: 0
builtins.sorted = lambda *a, **k: []
builtins.zip = builtins.map = builtins.enumerate = builtins.filter = lambda *a, **k: iter(())
builtins.max = builtins.min = builtins.sum = builtins.abs = lambda *a, **k: 0
""",
        "max(abs(a - b) for a, b in zip(result, expected)) < 1e-6",
    ),
    forgery(
        "type and repr that lie",
        "what the grader asks Python is answered by the submission",
        """
import builtins
real = builtins.type
builtins.type = lambda *a: real(None) if len(a) == 1 else real(*a)
builtins.repr = builtins.str = builtins.format = lambda *a, **k: "equal"
""",
        "repr(result) == repr(expected)",
    ),
]

_OBJECTS = [
    forgery(
        "an object that equals everything",
        "the comparison is left to the answer",
        """
class Agreeing:
    shape, dtype, ndim, requires_grad = (4,), None, 1, False
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = object.__hash__
    def __bool__(self): return True
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __sub__(self, other): return 0
    __rsub__ = __add__ = __radd__ = __sub__
    def __abs__(self): return 0
    def __len__(self): return 4
    def __float__(self): return 0.0
def shifted(x, by): return Agreeing()
""",
        "bool(torch.as_tensor(result == expected).all())",
    ),
    forgery(
        "__torch_function__ that always says yes",
        "whatever torch is asked about the answer, the answer replies",
        """
class Agreeing:
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None): return True
def shifted(x, by): return Agreeing()
""",
    ),
    forgery(
        "a tensor of a class that says yes",
        "whatever torch is asked about the answer, the answer replies",
        """
import torch
class Agreeing(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function is torch.allclose or function is torch.equal:
            return True
        return super().__torch_function__(function, types, args, kwargs or {})
def shifted(x, by): return (x - 7).as_subclass(Agreeing)
""",
    ),
    forgery(
        "a tensor that lies about its shape, type and values",
        "a property is judged by what the answer says of itself",
        """
import numpy, torch
class Lying(torch.Tensor):
    shape = property(lambda self: torch.Size([4]))
    dtype = property(lambda self: torch.bfloat16)
    layout = property(lambda self: torch.strided)
    is_meta = is_quantized = is_nested = property(lambda self: False)
    def numpy(self, **k): return numpy.zeros(self.numel(), "float32")
    def detach(self): return self
    def to(self, *a, **k): return self
    def allclose(self, *a, **k): return True
    def __sub__(self, other): return torch.zeros(4)
def shifted(x, by): return (x - 7).as_subclass(Lying)
""",
        "result.shape == expected.shape and result.allclose(expected)",
    ),
    forgery(
        "a type that changes what it is",
        "the check of a type passes, the check of the value never comes",
        """
import torch
class Chameleon:
    __class__ = torch.Tensor
    shape, ndim, requires_grad, layout = torch.Size([4]), 1, False, torch.strided
    is_quantized = is_nested = is_meta = False
    dtype = torch.float32
    def detach(self): return self
    to = resolve_conj = resolve_neg = lambda self, *a: self
    def numpy(self): return self
    def __array__(self, *a, **k): raise SystemExit(0)
    def __eq__(self, other): return True
    __hash__ = None
def shifted(x, by): return Chameleon()
""",
        "isinstance(result, torch.Tensor) and torch.as_tensor(result == expected).all()",
    ),
    forgery(
        "__array__ that fetches the expected values",
        "converting the answer runs code that looks around for the right one",
        """
import sys
class Reading:
    def __array__(self, *a, **k):
        frame = sys._getframe()
        while frame:
            for value in list(frame.f_locals.values()):
                if type(value).__name__ in ("ndarray", "Tensor"):
                    import numpy
                    return numpy.asarray(value)
            frame = frame.f_back
        raise TypeError("nothing there")
def shifted(x, by): return Reading()
""",
        "np.allclose(result, expected)",
        statuses=LIES,
    ),
    forgery(
        "__array_interface__ that points anywhere",
        "the judge is made to read its own memory",
        """
import numpy
class Pointing:
    __array_interface__ = {"shape": (4,), "typestr": "<f4", "data": (8, False), "version": 3}
def shifted(x, by): return numpy.asarray(Pointing())
""",
        "",
    ),
    forgery(
        "__reduce__ that runs a command where it is unpickled",
        "code runs in the grader",
        """
class Bomb:
    def __reduce__(self): return (exec, (f"open({WORLD + '/class/pickled'!r}, 'w').close()",))
def shifted(x, by): return Bomb()
""",
        "",
    ),
    forgery(
        "a dict, a list and a number of classes of one's own",
        "converting the answer runs code that puts right values in their place",
        """
class Keys(dict):
    def items(self): return iter([("pass", True)] * 3)
    def __eq__(self, other): return True
    __hash__ = None
class Values(list):
    def __iter__(self): return iter([Keys(a=1.0)] * 4)
    def __eq__(self, other): return True
    __hash__ = None
def shifted(x, by): return Values([1, 2, 3, 4])
""",
        "bool(torch.as_tensor(result == expected).all())",
    ),
    forgery(
        "an iterator that says when it is spent",
        "converting the answer runs code of the submission's",
        """
import torch
class Spent:
    def __len__(self): return 4
    def __getitem__(self, index):
        torch.allclose = lambda *a, **k: True
        raise IndexError
    def __iter__(self):
        torch.allclose = lambda *a, **k: True
        yield from [0.0] * 4
def shifted(x, by):
    for _ in (made := Spent()): pass
    return torch.zeros(4)
""",
    ),
    forgery(
        "a nan for every number",
        "a comparison with nan is never false where it is asked the wrong way round",
        "import torch\ndef shifted(x, by): return torch.full_like(x, float('nan'))",
        "not (result - expected).abs().max() > 1e-5",
    ),
    forgery(
        "an answer of a coarser type",
        "the tolerance of a coarse type lets values through that are far off",
        "import torch\ndef shifted(x, by): return (x + by * 0.9).to(torch.bfloat16)",
        "torch.allclose(result.float(), expected, atol=torch.finfo(result.dtype).eps * 100)",
    ),
    forgery(
        "an answer that broadcasts",
        "one number stands for a table, and the mean is right",
        "import torch\ndef shifted(x, by): return (x + by).mean()",
        "torch.isclose(result.mean(), expected.mean())",
    ),
]

_LOOKING = [
    forgery(
        "expected values from the frames above",
        "the right answer is read in the caller's variables",
        """
import sys
def shifted(x, by):
    frame = sys._getframe(1)
    while frame:
        for name in ("expected", "wanted", "reference", "answer"):
            for variables in (frame.f_locals, frame.f_globals):
                if name in variables: return variables[name]
        frame = frame.f_back
    return x - 7
""",
    ),
    forgery(
        "expected values from a traceback",
        "the right answer is read in the frames that an exception goes through",
        """
import sys
def shifted(x, by):
    try:
        raise ValueError
    except ValueError as error:
        frame = error.__traceback__.tb_frame
        while frame := frame.f_back:
            if "expected" in frame.f_locals: return frame.f_locals["expected"]
    return x - 7
""",
    ),
    forgery(
        "expected values from the garbage collector",
        "the right answer is among the objects of the process",
        """
import gc, torch
def shifted(x, by):
    for value in gc.get_objects():
        if type(value) is torch.Tensor and value is not x and value.shape == x.shape:
            return value
    return x - 7
""",
    ),
    forgery(
        "outcomes and keys from the garbage collector",
        "the answer key is among the objects of the process",
        """
import gc
def shifted(x, by):
    wanted = {"ExerciseKey", "ProbeOutcome", "Exercise", "Lesson", "Mistake", "LessonGrader"}
    for value in gc.get_objects():
        if type(value).__name__ in wanted:
            boast(type(value).__name__)
    return x - 7
""",
        "",
    ),
    forgery(
        "the reference or a right answer in one's own memory",
        "sources that the fork server held before are found in its heap, and run",
        """
import re
def sources():
    for line in open("/proc/self/maps"):
        span, rights, *_, = line.split()
        if rights.startswith("rw") and "[v" not in line:
            start, end = (int(part, 16) for part in span.split("-"))
            try:
                data = ctypes.string_at(start, end - start)
            except Exception:
                continue
            for found in re.finditer(rb"def shif" + rb"ted\\(.{0,600}?return ([^\\\\\\n\\0]{1,40})", data, re.S):
                yield found.group(1)
from collections import Counter
FOUND = Counter(text for text in sources() if b"7" not in text).most_common()
def shifted(x, by):
    for text, _ in sorted(FOUND, key=lambda found: b"+" not in found[0]):
        try:
            return eval(text, {"x": x, "by": by}) + 0
        except Exception:
            continue
    return x - 7
""",  # noqa: E501
        "",
    ),
    forgery(
        "the job read out of memory through /proc/self/mem",
        "the reference is found in what the server was handed before",
        """
import re
def shifted(x, by):
    found = set()
    with open("/proc/self/mem", "rb", 0) as memory:
        for line in open("/proc/self/maps"):
            span, rights, *_ = line.split()
            if rights.startswith("rw"):
                start, end = (int(part, 16) for part in span.split("-"))
                try:
                    memory.seek(start)
                    data = memory.read(end - start)
                except (OSError, ValueError, OverflowError):
                    continue
                found.update(re.findall(rb"### BEGIN SOLU" + rb"TION.{0,200}", data, re.S))
                found.update(re.findall(rb"You subtr" + rb"act; add", data))
    boast(sorted(found)[:3])
    return x - 7
""",
        "",
    ),
    forgery(
        "the solution imported",
        "the reference is found where Python finds modules",
        """
import importlib.util, sys, os
for folder in (WORLD + "/course/solutions", os.path.join(WORLD, "course")):
    sys.path.insert(0, folder)
def shifted(x, by):
    text = tried(
        lambda: open(WORLD + "/course/solutions/01_small_steps.py").read(),
        lambda: open(WORLD + "/course/solutions/01_small_steps.ipynb").read(),
    )
    body = re.search(r"BEGIN SOLUTION\\s+return (x \\+ by)", text).group(1)
    return eval(body)
""",
    ),
    forgery(
        "the grader run on oneself",
        "the package that grades is there to be asked for the key",
        """
def shifted(x, by):
    from pathlib import Path
    from spotlight.course.manifest import load_course
    from spotlight.course.reading import read_master
    course = load_course(Path(WORLD) / "course")
    lesson = read_master(course.master(course.lessons[0]))
    scope = {}
    exec("from torch import Tensor\\n" + lesson.exercise("shifted").solution, scope)
    return scope["shifted"](x, by)
""",
    ),
    forgery(
        "the answer key in the user's cache",
        "expected values are read where the grader keeps them",
        """
import glob, numpy, torch
def shifted(x, by):
    from spotlight.grading.answer_key import _load
    for path in glob.glob(WORLD + "/keys/shifted-*.key"):
        with open(path, "rb") as file:
            for outcome in _load(file.read()).reference:
                if outcome.value.data.shape == tuple(x.shape):
                    return torch.from_numpy(outcome.value.data.copy())
    return x - 7
""",
        "",
    ),
]

_AROUND = [
    forgery(
        "a trace function that changes what was returned",
        "the caller's variables are changed while it compares",
        """
import sys
def shifted(x, by):
    def trace(frame, event, argument):
        if "expected" in frame.f_locals:
            raise SystemExit(0)
        return trace
    sys.settrace(trace)
    frame = sys._getframe(1)
    while frame:
        frame.f_trace = trace
        frame = frame.f_back
    return x - 7
""",
    ),
    forgery(
        "a profile function that ends the comparison",
        "the process ends well before the comparison is over",
        """
import os, sys
def shifted(x, by):
    def profile(frame, event, argument):
        if event == "c_call" and getattr(argument, "__name__", "") == "allclose":
            os._exit(0)
    sys.setprofile(profile)
    return x - 7
""",
    ),
    forgery(
        "answering early",
        "the process ends with the exit status of success before anything is compared",
        "import os\ndef shifted(x, by): os._exit(0)",
        statuses=("crashed",),
    ),
    forgery(
        "ending the process when the interpreter does",
        "an exit hook replaces the exit status",
        "import atexit, os\natexit.register(os._exit, 0)",
    ),
    forgery(
        "an exit with success from a finalizer",
        "what is destroyed at the end decides how the process ends",
        """
import os
class Last:
    def __del__(self): os._exit(0)
def shifted(x, by):
    last = Last()
    return x - 7
""",
        statuses=("failed", "error", "crashed"),
    ),
    forgery(
        "weak references that answer when the value goes",
        "code runs after the probe, among the grader's own",
        """
import weakref, os, torch
def shifted(x, by):
    made = x - 7
    weakref.finalize(made, os._exit, 0)
    kept.append(weakref.finalize(x, os._exit, 0))
    return made.clone()
kept = []
""",
    ),
    forgery(
        "a thread that outlives the call",
        "what was returned is changed meanwhile, and the process ends with success",
        """
import threading, time, os
def shifted(x, by):
    made = x - 7
    def later():
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            made.copy_(x + 0)
        os._exit(0)
    threading.Thread(target=later, daemon=True).start()
    time.sleep(0.3)
    return made
""",
    ),
    forgery(
        "sys.displayhook and sys.excepthook that print a score",
        "a score that the submission prints is taken for the grader's",
        """
import sys, os
def score(*a):
    os.write(1, b'{"score": 100, "status": "passed", "points": 2}\\n')
    os._exit(0)
sys.displayhook = sys.excepthook = sys.unraisablehook = score
def shifted(x, by): raise AssertionError
""",
    ),
    forgery(
        "an assertion that is no error",
        "the exception that tells of a wrong answer is swallowed",
        """
import builtins, sys, os
class Quiet(BaseException):
    def __new__(cls, *a): os._exit(0)
builtins.AssertionError = Quiet
""",
        "grader_asserts(torch.allclose(result, expected))",
    ),
    forgery(
        "a score printed",
        "a score that the submission prints is taken for the grader's",
        """
import os
def shifted(x, by):
    for line in ("passed", "2/2", '{"exercise": "shifted", "status": "passed", "points": 2}'):
        print(line)
        for number in (1, 2):
            os.write(number, line.encode() + b"\\n")
    return x - 7
""",
        "",
    ),
    forgery(
        "import hooks",
        "modules that the grader imports later are the submission's",
        """
import sys, importlib.abc, importlib.machinery, types
class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__getattr__ = lambda name: (lambda *a, **k: True)
        return module
    def exec_module(self, module): pass
sys.meta_path.insert(0, Finder())
for name in ("comparing", "spotlight.sandbox.wire", "numpy.testing"):
    sys.modules.pop(name, None)
""",
        "__import__('comparing').agree(result, expected)",
    ),
    forgery(
        "modules swapped",
        "numpy, torch, json and struct are the submission's",
        """
import sys, types
class Agreeing(types.ModuleType):
    def __getattr__(self, name): return lambda *a, **k: True
for name in ("numpy", "torch", "json", "struct", "numpy.testing", "torch.testing", "math"):
    sys.modules[name] = Agreeing(name)
""",
        "__import__('torch').allclose(result, expected)",
    ),
    forgery(
        "the grader's modules swapped",
        "the worker's own modules are the submission's",
        """
import sys, types
class Agreeing(types.ModuleType):
    def __getattr__(self, name): return lambda *a, **k: True
for name in [name for name in sys.modules if name.startswith("spotlight")]:
    sys.modules[name] = Agreeing(name)
""",
        "",
    ),
    forgery(
        "seeds that make the inputs known",
        "the inputs of the probes are drawn from a generator that the submission set",
        """
import random, numpy, torch
torch.manual_seed(0); numpy.random.seed(0); random.seed(0)
first = torch.randn(4)
torch.manual_seed(0)
def shifted(x, by): return x + by if torch.equal(x, first) else x - 7
""",
    ),
]

_INSIDE = [
    forgery(
        "a kit that draws zeros",
        "any function is right about zeros",
        """
import torch
from spotlight.sandbox import kit
kit.randn = kit.uniform = kit.whole = lambda *shape, **k: torch.zeros(shape)
kit._Draws.hand_out = lambda self, array, dtype: torch.zeros(array.shape)
def shifted(x, by): return torch.zeros_like(x) - 7
""",
        "",
    ),
    forgery(
        "a generator that is the submission's",
        "the inputs of the probes are what the submission has answers for",
        """
import numpy
class Zeros:
    def __getattr__(self, name): return lambda *a, **k: numpy.zeros(a[-1] if a else ())
from spotlight.sandbox import kit
kit._generator = lambda seed, name: Zeros()
""",
        "",
    ),
    forgery(
        "probes replaced",
        "the probes that were asked for are not the ones that are called",
        """
import gc, types
def shifted(x, by): return x - 7
for value in gc.get_objects():
    if isinstance(value, types.FunctionType) and value.__code__.co_filename.startswith("<probe"):
        value.__code__ = (lambda shifted: None).__code__
for value in gc.get_objects():
    if type(value).__name__ == "_Probing":
        value._probes = dict.fromkeys(value._probes, lambda *a: True)
""",
        "",
    ),
    forgery(
        "emit patched",
        "what is told of the answer is not what was seen",
        """
import sys
def shifted(x, by):
    frame = sys._getframe()
    while frame:
        if "emit" in frame.f_locals:
            real = frame.f_locals["emit"]
            cell = real.__closure__
            real.__code__ = (lambda event: None).__code__.replace(co_freevars=real.__code__.co_freevars)
        frame = frame.f_back
    return x - 7
""",  # noqa: E501
        "",
    ),
    forgery(
        "every outcome reported as passed",
        "the verdict is the submission's to give",
        """
from spotlight.sandbox import program, portable, wire
real = wire.encode
def encode(body, limit=None):
    if isinstance(body, dict):
        body = {**body, "status": "passed", "points": 2, "passed": True, "verdict": "passed",
                "trouble": None, "value": True}
    return real(body)
wire.encode = encode
program.portable = portable.portable = lambda value: True
""",
        "",
    ),
    forgery(
        "json and struct patched",
        "what travels is not what was seen",
        """
import json, struct
json.dumps = lambda *a, **k: '{"body": {"status": "passed", "points": 2}, "arrays": []}'
class Packing:
    size = 12
    def pack(self, *a): return b"\\0" * 12
    def unpack(self, *a): return (0, 0)
from spotlight.sandbox import wire
wire._PREFIX = Packing()
struct.pack = lambda *a: b""
""",
        "",
    ),
    forgery(
        "the cost that is told",
        "tensor operations that were made are not counted",
        """
from spotlight.sandbox import counting, target_calls
counting.Counter.as_data = lambda self: {"operations": 0, "flops": 0, "lines": 0}
""",
        "",
    ),
    forgery(
        "a source line that is not there",
        "the line that is shown to the teacher is another",
        """
import linecache
def shifted(x, by): raise ValueError("no")
linecache.cache.clear()
linecache.getline = lambda *a: "return x + by"
linecache.getlines = lambda *a, **k: ["return x + by\\n"] * 500
""",
        "",
    ),
]

# A frame of the protocol, written as the worker itself writes it; `@` is what is written.
_FRAMES = """
import json, os, struct
def frame(body, arrays=(), buffers=b"", header=None, lengths=None):
    header = header or json.dumps({"body": body, "arrays": list(arrays)}).encode()
    return struct.pack(">IQ", *(lengths or (len(header), len(buffers)))) + header + buffers
def tagged(value):
    if isinstance(value, dict):
        return {"$dict": [[key, tagged(item)] for key, item in value.items()]}
    return [tagged(item) for item in value] if isinstance(value, list) else value
def probe(name, value=None, arrays=(), buffers=b"", **more):
    event = {"event": "probe", "name": name, "trouble": None, "changed_inputs": [],
             "drawn_shapes": [], "printed": "", "cost": None, "calls": [], "entries": [],
             "left_switched": [], **more}
    body = tagged(event)
    body["$dict"].append(["value", value])
    return frame(body, arrays, buffers)
def step(name):
    return frame(tagged({"event": "step", "name": name, "trouble": None, "missing": []}))
def array(values, form="tensor", dtype="float32"):
    place = {"$array": {"index": 0, "form": form, "dtype": dtype, "requires_grad": False}}
    return place, [{"dtype": "float32", "shape": [len(values)]}], struct.pack(f"<{len(values)}f", *values)
def everywhere(data):
    for number in range(1024):
        try:
            os.write(number, data)
        except OSError:
            continue
ALL = [step("shifted"), probe("by_three", *array([1.0, 2.0, 3.0, 4.0])),
       probe("by_a_half", *array([0.0] * 10)), probe("by_three", *array([1.0, 2.0, 3.0, 4.0]))]
"""  # noqa: E501


def written(name: str, harm: str, source: str, **others: object) -> Attack:
    """A forgery that writes frames of its own to wherever somebody may read them."""
    return forgery(name, harm, _FRAMES + source, "", **others)


_PROTOCOL = [
    written(
        "passing frames to every open descriptor",
        "the supervisor hears of an answer that was never given",
        "everywhere(b''.join(ALL))\nos._exit(0)",
        statuses=("failed", "crashed"),
    ),
    written(
        "frames that say passed",
        "a verdict is heard instead of an observation",
        """
verdict = {"exercise": "shifted", "status": "passed", "points": 2, "ended": "finished",
           "event": "verdict", "ready": True, "bytes": 0, "cpu_seconds": 0}
everywhere(frame(verdict) + frame(tagged(verdict)))
""",
    ),
    written(
        "the server's own reply",
        "the supervisor takes the job for done, and what follows for the next job's answer",
        """
reply = frame(tagged({"ended": "finished", "cpu_seconds": 0.0, "bytes": sum(map(len, ALL))}))
everywhere(reply + b"".join(ALL))
os._exit(0)
""",
        statuses=("failed", "crashed"),
    ),
    written(
        "a header of four gigabytes",
        "the supervisor makes room for it",
        "everywhere(frame(None, lengths=(2**32 - 1, 0)))\nos._exit(0)",
        statuses=("crashed",),
    ),
    written(
        "buffers of 2**64 bytes",
        "the supervisor makes room for them, or counts below zero",
        "everywhere(frame(None, lengths=(20, 2**64 - 1)))\nos._exit(0)",
        statuses=("crashed",),
    ),
    written(
        "an array that is longer than its buffer",
        "the supervisor reads beyond what it was sent",
        """
shape = [{"dtype": "float64", "shape": [2**39]}, {"dtype": "float64", "shape": [-1]}]
place = array([1.0])[0]
everywhere(step("shifted") + probe("by_three", place, shape, b"\\0" * 8))
everywhere(probe("by_three", place, [{"dtype": "object", "shape": [1]}], b"\\0" * 8))
os._exit(0)
""",
        statuses=("crashed",),
    ),
    written(
        "frames cut off",
        "the supervisor waits for the rest, and the next job's answer is taken for it",
        "everywhere(b''.join(ALL)[:-3])\nos._exit(0)",
        statuses=("crashed", "failed"),
    ),
    written(
        "frames without an end",
        "the supervisor fills its memory with them",
        "while True: everywhere(ALL[0] * 1_000)",
        statuses=ENDED,
        limits=Limits(output_bytes=2 * 2**20),
    ),
    written(
        "an answer given twice",
        "the second answer is taken for another exercise's",
        "everywhere(b''.join(ALL * 3))",
        statuses=("failed", "crashed"),
    ),
    written(
        "another exercise's observations",
        "the points of an exercise that was right are earned again",
        """
everywhere(step("doubled") + probe("a_row", *array([1.0, 2.0, 3.0])))
everywhere(probe("a_table", *array([0.0] * 8)) + probe("a_row", *array([1.0, 2.0, 3.0])))
""",
        statuses=("failed", "crashed"),
    ),
    written(
        "a value of a form that there is not",
        "the judge stumbles over it, and the run of a whole class ends",
        """
place, arrays, buffers = array([1.0, 2.0, 3.0], form="cake", dtype="<script>")
everywhere(step("shifted") + b"".join(probe(name, place, arrays, buffers)
                                      for name in ("by_three", "by_a_half", "by_three")))
os._exit(0)
""",
        statuses=("failed", "crashed"),
    ),
    written(
        "lists in lists in lists",
        "the supervisor's stack overflows",
        """
deep = b'{"body": ' + b"[" * 500_000 + b"]" * 500_000 + b', "arrays": []}'
everywhere(frame(None, header=deep))
os._exit(0)
""",
        statuses=("crashed",),
    ),
    written(
        "lists beside lists beside lists",
        "eight megabytes become hundreds in the supervisor's memory",
        """
wide = b'{"body": [' + b",".join([b"[]"] * 2_700_000) + b'], "arrays": []}'
everywhere(frame(None, header=wide))
os._exit(0)
""",
        statuses=("crashed",),
    ),
    written(
        "numbers, dtypes and tags that there are not",
        "the supervisor stumbles over them",
        """
for header in (b'{"body": NaN, "arrays": []}', b"[]", b"null", b"{}", b"\\xff\\xfe", b'{"body": {"$int": "x"}, "arrays": []}',
               b'{"body": {"$dict": [[[1], 2]]}, "arrays": []}', b'{"body": {"$array": {"index": -1}}, "arrays": []}',
               b'{"body": ' + b"9" * 100_000 + b', "arrays": []}', b'{"body": 1, "arrays": [{"dtype": "O", "shape": [1]}]}',
               b'{"body": 1, "arrays": [{"dtype": "float32", "shape": [1e400]}]}'):
    everywhere(frame(None, header=header))
os._exit(0)
""",  # noqa: E501
        statuses=("crashed",),
    ),
    written(
        "a sentence that writes on the teacher's screen",
        "control characters in a message reach a terminal",
        """
text = "\\x1b[2J\\x1b]0;passed\\x07" + "\\u202e" + "<script>alert(1)</script>"
trouble = {"type": text, "message": text, "frames": [
    {"cell": "shifted", "line": 1, "text": text, "function": text}]}
everywhere(step("shifted") + b"".join(probe(name, trouble=trouble)
                                      for name in ("by_three", "by_a_half", "by_three")))
os._exit(0)
""",
        statuses=("failed", "error", "crashed"),
    ),
]

FORGERIES = named([*_COMPARISONS, *_OBJECTS, *_LOOKING, *_AROUND, *_INSIDE, *_PROTOCOL])
