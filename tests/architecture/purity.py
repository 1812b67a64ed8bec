"""What the objects of the pure layers may call: values in, values out. No system call, clock, environment or file."""

import re
import subprocess

PURE = ["util", "facts", "policy", "seccomp", "plan", "bwrap", "native", "bwrapline", "config", "toml"]

# C functions are refused unless they stand here; each computes on its arguments only.
ALLOWED_C = {
    "memory and bytes": "memcpy memmove memset memcmp memchr memrchr strlen strcmp strncmp strchr bcmp",
    "numbers": "strtol strtoul strtoll strtoull strtod strtof strtold frexp ldexp fmod pow log log2 log10 floor ceil round",
    "formatting into memory": "snprintf vsnprintf __snprintf_chk __vsnprintf_chk",
    "the decimal point, for nlohmann::json's numbers": "localeconv",
    "the kernel's words for an errno, without locale": "strerrordesc_np strerrorname_np",
    "checked copies of _FORTIFY_SOURCE": "__memcpy_chk __memmove_chk __memset_chk __strcpy_chk",
    "the C++ runtime": "abort atexit __cxa_atexit __dso_handle _Unwind_Resume __gxx_personality_v0 __stack_chk_fail "
    "__tls_get_addr _GLOBAL_OFFSET_TABLE_ __errno_location __assert_fail",
    "a lock around values": "pthread_mutex_lock pthread_mutex_unlock __libc_single_threaded",
}
# The one exception: an owned descriptor closes itself; it opens nothing.
ALLOWED_C["UniqueFd closes what it was given"] = "close"

# C++ names are allowed unless one of these is in them.
REFUSED_CXX = {
    r"\bstd::(__1::)?(basic_)?(cout|cerr|clog|cin|wcout|wcerr)\b": "prints",
    r"basic_(file|of|if)?stream\b.*\bopen|basic_filebuf|basic_[io]?fstream": "opens files",
    r"\bios_base::Init\b": "includes <iostream>",
    r"\bstd::filesystem::(?!__cxx11::path|path)": "asks the file system",
    r"_clock::now\b": "reads a clock",
    r"\brandom_device\b": "reads random numbers",
    r"\bstd::(this_thread|thread|jthread|condition_variable)\b": "runs threads",
    r"\bstd::locale::(global|classic)\b.*=": "sets the locale",
}

C_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
CXX_RUNTIME = re.compile(r"^(__cxa_|__asan_|__ubsan_|__sanitizer_|__lsan_|__sancov_|__gcov_|__start_|__stop_)")


def undefined(archive):
    """The names that an archive or object uses and does not define."""
    text = subprocess.run(["nm", "-uC", archive], check=True, capture_output=True, text=True).stdout
    return sorted({line.strip()[2:].strip() for line in text.splitlines() if re.match(r"\s+[Uuvw] ", line)})


def violations(layer, names):
    allowed = {name for names_of_reason in ALLOWED_C.values() for name in names_of_reason.split()}
    found = []
    for name in names:
        plain = name.split("@")[0]
        if C_NAME.match(plain):
            if plain not in allowed and not CXX_RUNTIME.match(plain):
                found.append(f"{layer}: calls {plain}")
            continue
        for pattern, reason in REFUSED_CXX.items():
            if re.search(pattern, name):
                found.append(f"{layer}: {reason}: {name}")
    return found
