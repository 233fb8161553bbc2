// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/vmhost/domain_xml.h>

#include <format>

namespace tobari::vmhost {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&apos;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // XML 1.0 has no other control characters, escaped or not.
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n') out += c;
    }
  }
  return out;
}

std::string cpu(Accelerator accelerator) {
  if (accelerator == Accelerator::kKvm) return "  <cpu mode='host-passthrough' migratable='on'/>\n";
  // The smallest model boots fastest when each instruction is translated.
  return "  <cpu mode='custom' match='exact' check='none'>\n    <model fallback='allow'>qemu64</model>\n  </cpu>\n";
}

std::string boot(const DomainSpec& spec) {
  std::string out = "  <os>\n    <type arch='x86_64' machine='q35'>hvm</type>\n";
  out += std::format("    <kernel>{}</kernel>\n", escaped(spec.kernel));
  if (!spec.initrd.empty()) out += std::format("    <initrd>{}</initrd>\n", escaped(spec.initrd));
  out += std::format("    <cmdline>{}</cmdline>\n  </os>\n", escaped(spec.cmdline));
  return out;
}

// Both formats are stated: a guest can write any header into its disk, and a probed format would be believed.
std::string disk(const DomainSpec& spec) {
  return std::format(R"(    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' discard='unmap'/>
      <source file='{}'/>
      <backingStore type='file'>
        <format type='qcow2'/>
        <source file='{}'/>
        <backingStore/>
      </backingStore>
      <target dev='vda' bus='virtio'/>
    </disk>
)",
                     escaped(spec.disk), escaped(spec.backing_disk));
}

// A virtio-serial port of our own rather than QEMU's vdagent, which carries plain text only and keeps a machine from
// being saved or moved.
std::string channel(const std::string& name, const std::string& socket) {
  if (name.empty()) return {};
  return std::format(R"(    <channel type='unix'>
      <source mode='bind' path='{}'/>
      <target type='virtio' name='{}'/>
    </channel>
)",
                     escaped(socket), escaped(name));
}

// The display hands the sound on only when it is named inside. Output only: there is no microphone to be heard through.
// One format whatever the guest asks for, the one that clients play: QEMU mixes and converts.
constexpr std::string_view kDisplay = R"(    <graphics type='dbus' p2p='yes'>
      <audio id='1'/>
    </graphics>
)";
constexpr std::string_view kSound = R"(    <sound model='ich9'>
      <codec type='output'/>
      <audio id='1'/>
    </sound>
    <audio id='1' type='dbus'>
      <output mixingEngine='yes' fixedSettings='yes'>
        <settings frequency='48000' channels='2' format='s16'/>
      </output>
    </audio>
)";

// relabel='no': libvirt would otherwise give the shared image to the VM's user, which could then write to it.
std::string label(const std::optional<VmUser>& user) {
  if (!user) return {};
  return std::format("  <seclabel type='static' model='dac' relabel='no'>\n    <label>+{}:+{}</label>\n  </seclabel>\n",
                     user->uid, user->gid);
}

}  // namespace

std::string domain_name(const DesktopId& id) { return "tobari-" + id.str(); }

std::string domain_xml(const DomainSpec& spec) {
  std::string out = std::format("<domain type='{}'>\n", spec.accelerator == Accelerator::kKvm ? "kvm" : "qemu");
  out += std::format("  <name>{}</name>\n  <uuid>{}</uuid>\n", domain_name(spec.id), spec.id.str());
  if (!spec.title.empty()) out += std::format("  <title>{}</title>\n", escaped(spec.title));
  out += std::format("  <memory unit='MiB'>{}</memory>\n  <vcpu>{}</vcpu>\n", spec.memory_mib, spec.vcpus);
  out += boot(spec);
  out += "  <features>\n    <acpi/>\n  </features>\n" + cpu(spec.accelerator);
  out += "  <on_poweroff>destroy</on_poweroff>\n  <on_reboot>restart</on_reboot>\n  <on_crash>destroy</on_crash>\n";
  out += "  <devices>\n    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n" + disk(spec);
  out += "    <controller type='usb' model='none'/>\n";
  out += channel(spec.agent_channel, spec.agent_socket) + channel(spec.clipboard_channel, spec.clipboard_socket);
  out += "    <input type='tablet' bus='virtio'/>\n    <input type='keyboard' bus='virtio'/>\n";
  out += kDisplay;
  out += std::format("    <video>\n      <model type='virtio' heads='{}' primary='yes'/>\n    </video>\n", spec.heads);
  out += kSound;
  out += "    <memballoon model='virtio'/>\n";
  out += "    <rng model='virtio'>\n      <backend model='random'>/dev/urandom</backend>\n    </rng>\n  </devices>\n";
  out += label(spec.user) + "</domain>\n";
  return out;
}

}  // namespace tobari::vmhost
