// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/vmhost/domain_xml.h>

namespace tobari::vmhost {
namespace {

bool has_word(std::string_view line, std::string_view word) {
  for (std::size_t at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    const bool begins = at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t';
    const std::size_t end = at + word.size();
    if (begins && (end == line.size() || line[end] == ' ')) return true;
  }
  return false;
}

}  // namespace

Accelerator choose_accelerator(bool has_kvm_device, std::string_view cpuinfo) {
  if (!has_kvm_device) return Accelerator::kTcg;
  while (!cpuinfo.empty()) {
    const std::string_view line = cpuinfo.substr(0, cpuinfo.find('\n'));
    cpuinfo.remove_prefix(line.size() < cpuinfo.size() ? line.size() + 1 : cpuinfo.size());
    // "flags", not "vmx flags", which newer kernels list apart.
    if (line.starts_with("flags") && (has_word(line, "vmx") || has_word(line, "svm"))) return Accelerator::kKvm;
  }
  return Accelerator::kTcg;
}

}  // namespace tobari::vmhost
