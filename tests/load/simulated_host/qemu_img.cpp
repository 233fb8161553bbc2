// SPDX-License-Identifier: GPL-3.0-or-later
// Stands in for qemu-img on simulated hosts, which make a disk for each desktop: a thousand real ones would take a
// processor for half a minute. Knows `create … -b BASE FILE` only.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <print>
#include <string>

#include "small_qcow2.h"

int main(int argc, char** argv) {
  std::string base;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "-b") == 0) base = argv[i + 1];
  }
  if (argc < 3 || std::strcmp(argv[1], "create") != 0 || base.empty()) {
    std::println(stderr, "qemu-img of simulated hosts: only create -b BASE FILE");
    return 1;
  }
  std::ofstream out(argv[argc - 1], std::ios::binary | std::ios::trunc);
  out << tobari::vmhost::small_qcow2(base);
  if (!out.flush()) {
    std::println(stderr, "qemu-img of simulated hosts: cannot write {}", argv[argc - 1]);
    return 1;
  }
  return 0;
}
