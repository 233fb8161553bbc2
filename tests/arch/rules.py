# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of docs/ARCHITECTURE.md and docs/DEVELOPING.md as tables. check_includes.py applies them."""
import re

# ---- who may include which of our public headers. A file obeys the longest folder that holds it.
# Names are the part behind <tobari/: a folder of headers, one header, or a generated file.
PROTOCOL = {"host.pb.h", "host.grpc.pb.h", "grant.pb.h"}
ALLOWED_COMPONENTS = {
    "policy": {"policy"},
    "broker/shared": {"base", "net", "config", "recording", "metrics"} | PROTOCOL,
    "broker/shared/include/tobari/watermark": {"watermark"},
    "broker/shared/src/watermark": {"base", "watermark"},
    "broker/shared/include/tobari/base": {"base"},
    "broker/shared/src/base": {"base"},
    "broker/shared/src/net": {"base", "net"},
    "broker/shared/src/recording": {"base", "recording"},
    "broker/src": {"policy", "base", "net", "config", "recording", "metrics"} | PROTOCOL,
    "broker/cli": {"policy", "base", "net", "watermark"},
    "broker/gateway": {"base", "net", "config", "metrics", "host.pb.h", "host.grpc.pb.h"},
    "display-encoder": {"policy", "base", "net", "recording", "display", "watermark", "display_control.pb.h", "grant.pb.h"},
    "display-encoder/include": {"policy", "base", "display"},
    # The control channel is the protocol with its display processes in working form.
    "vmhost": {"base", "net", "config", "recording", "metrics", "vmhost", "display_control.pb.h", "keeper.pb.h", "display/control_channel.h",
               "display/log_histogram.h",
               "policy/ip_network.h", "policy/network_rules.h"} | PROTOCOL,
    "client-qt": {"base", "net"},
    "installer": {"base"},
}

# ---- components: what "own" means for #include "…". The tests and the installer may look into all of them.
COMPONENTS = ["policy", "broker/shared", "broker/gateway", "broker/cli", "broker/src", "display-encoder", "vmhost", "client-qt",
              "installer"]
# A component that stands on another one's sources: the tobari command is part of the broker.
LOOKS_INTO = {"broker/cli": ["broker/src"], "broker/src": ["broker/cli"]}
FREE_FOLDERS = ["tests", "installer/guest"]  # the guest's programs know nothing of the tree, nor it of them

# ---- one third-party library, one place. (name, pattern of the header, places: folders or single files)
LIBRARIES = [
    ("FreeRDP", r"(freerdp|winpr)/", ["display-encoder/src/rdp", "display-encoder/src/playback", "client-qt/src/rdp"]),
    ("libvirt", r"libvirt/", ["vmhost/src/hypervisor"]),
    ("nftables", r"nftables/", ["vmhost/src/network"]),
    ("SOCI", r"soci/", ["broker/src/store"]),
    ("Boost.Beast", r"boost/beast", ["broker/src/http/http_server.cpp", "broker/src/http/https_client.cpp"]),
    ("Boost", r"boost/", ["broker/src/http"]),
    ("x264", r"x264\.h", ["display-encoder/src/encode"]),
    ("Opus", r"opus/", ["display-encoder/src/audio"]),
    ("libjpeg-turbo", r"turbojpeg\.h", ["display-encoder/src/encode", "broker/cli/picture_file.cpp"]),
    ("libpng", r"png\.h", ["broker/cli/picture_file.cpp"]),
    ("X11", r"X11/", ["display-encoder/src/capture"]),
    ("GLib", r"(gio/|glib)", ["display-encoder/src/capture"]),
    ("Highway", r"hwy/", ["display-encoder/src"]),
    ("xxHash", r"xxhash\.h", ["display-encoder/src"]),
    ("Qt", r"Q[A-Z]\w*$", ["client-qt"]),
    # TLS and certificates in net and http; beside FreeRDP, which speaks it; SHA-256 of tickets and images in one file each.
    ("OpenSSL", r"openssl/",
     ["broker/shared/src/net", "broker/src/http", "display-encoder/src/rdp", "display-encoder/src/daemon/admission.cpp",
      "vmhost/src/host/files.cpp"]),
    ("protobuf", r"google/protobuf/",
     ["broker/shared/src/node", "broker/src/rpc", "display-encoder/src/control", "vmhost/src/link", "vmhost/src/supervisor"]),
    ("gRPC", r"(grpc|grpcpp|google)/",
     ["broker/shared/src/node", "broker/shared/include/tobari/net/grpc_status.h", "broker/src/rpc",
      "broker/gateway/grpc_route_resolver.cpp", "vmhost/src/link"]),
    ("libsodium", r"sodium", ["broker/src/auth", "broker/src/core", "broker/shared/src/recording"]),
    ("zstd", r"zstd\.h", ["broker/shared/src/recording"]),
    ("FFmpeg", r"lib(avformat|avcodec|avutil|swscale)/", ["display-encoder/src/playback"]),
    ("yaml-cpp", r"yaml-cpp/",
     ["policy/src/yaml", "broker/shared/src/config"]),
    ("nlohmann-json", r"nlohmann/",
     ["broker/shared/src/node", "broker/src/core", "broker/src/http", "broker/src/rest", "broker/cli", "vmhost/src"]),
    ("CLI11", r"CLI/",
     ["broker/shared/src/command_line", "broker/cli", "broker/gateway/main.cpp", "broker/src/daemon", "vmhost/src/daemon", "display-encoder/src/daemon",
      "display-encoder/src/playback", "client-qt/src"]),
    ("prometheus-cpp", r"prometheus/", ["broker/shared/src/metrics"]),
    ("spdlog", r"spdlog/", ["broker/shared/src/base"]),
    ("GoogleTest", r"(gtest|gmock)/", []),
    ("rapidcheck", r"rapidcheck", []),
    ("Google Benchmark", r"benchmark/", []),
]
# Everything else in <…> with a slash must be one of the system's own folders.
SYSTEM_FOLDERS = ["sys", "linux", "netinet", "arpa", "net", "bits", "asm"]

# ---- the pure tier: no clock, I/O, thread or log. (DEVELOPING.md rule 5)
PURE = ["policy/include", "policy/src", "broker/shared/include/tobari/net/x224_gate.h", "broker/shared/src/net/x224_gate.cpp",
        "broker/shared/include/tobari/metrics/http_head.h", "broker/shared/src/metrics/http_head.cpp",
        "broker/gateway/unauthenticated_book.cpp", "vmhost/src/core", "display-encoder/src/bulk", "display-encoder/src/region",
        "display-encoder/src/diff", "broker/src/control", "display-encoder/src/filter", "display-encoder/src/watermark",
        "broker/shared/include/tobari/watermark", "broker/shared/src/watermark", "display-encoder/src/pacing", "display-encoder/src/audio",
        "display-encoder/src/stats/stats_recorder.h", "display-encoder/src/stats/stats_recorder.cpp",
        "display-encoder/src/capture/picture_port.h", "display-encoder/src/capture/picture_port.cpp"]
# The loader reads files.
NOT_PURE = ["policy/src/yaml", "policy/include/tobari/policy/yaml_loader.h", "policy/include/tobari/policy/expectations.h",
            "policy/include/tobari/policy/zones.h"]
IMPURE_HEADERS = [r"(thread|mutex|shared_mutex|condition_variable|future|atomic|stop_token)$", r"(fstream|iostream|filesystem|print)$",
                  r"(ctime|time\.h)$", r"(unistd|fcntl|poll|signal)\.h$", r"sys/", r"tobari/base/(log|clock|unique_fd)\.h"]

# ---- words that do not occur outside tests. (name, pattern, why)
FORBIDDEN = [
    ("throw", r"\bthrow\b", "nothing throws; return Result<T> (rule 2)"),
    ("thread", r"\b(std::thread\b|pthread_create\b)", "threads are std::jthread (rule 6)"),
    ("detach", r"[.>]detach\s*\(\s*\)", "no detached threads; what starts work has stop() (rule 6)"),
    ("sleep", r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<!\w)::sleep\s*\(",
     "wait for a condition or a timer, never sleep (rule 6)"),
    ("namespace std", r"\busing\s+namespace\s+std\s*;", "spell std:: out (rule 8)"),
    # Best effort: what is handed to such a function is usually stored.
    ("default capture", r"\b(post|after|watch|defer|connect|set_\w+|on_\w+)\s*\([^;{}]*\[\s*[&=]\s*[,\]]",
     "no [&] or [=] in what is stored; name what is captured (rule 6)"),
]
# (file, name of the rule): why it may.
EXCEPTIONS = {}

LONG_FILE_LINES = 500  # listed, not refused
SPDX = re.compile(r"SPDX-License-Identifier: GPL-[23]\.0(-or-later)?")  # GPL-2.0: a module for the guest's kernel
NO_LICENCE_LINE = ["installer/guest/overlay"]  # files as they lie in the guest
