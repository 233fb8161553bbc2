// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/vmhost/domain_xml.h>

#include <format>

#include "core/domain_parts.h"

namespace tobari::vmhost {
namespace {

constexpr std::string_view kOurs = "tobari-";
constexpr std::string_view kTemplates = "template-";

std::string cpu(Accelerator accelerator) {
  if (accelerator == Accelerator::kKvm) return "  <cpu mode='host-passthrough' migratable='on'/>\n";
  // The smallest model boots fastest when each instruction is translated.
  return "  <cpu mode='custom' match='exact' check='none'>\n    <model fallback='allow'>qemu64</model>\n  </cpu>\n";
}

bool is_full(const DomainSpec& spec) { return spec.devices == DeviceModel::kFull; }

std::string boot(const DomainSpec& spec) {
  constexpr std::string_view kType = "    <type arch='x86_64' machine='q35'>hvm</type>\n";
  if (spec.kernel.empty()) {
    const bool uefi = spec.firmware == Firmware::kUefi;
    return std::format("  <os{}>\n{}  </os>\n", uefi ? " firmware='efi'" : "", kType);
  }
  std::string out = std::format("  <os>\n{}", kType);
  out += std::format("    <kernel>{}</kernel>\n", escaped(spec.kernel));
  if (!spec.initrd.empty()) out += std::format("    <initrd>{}</initrd>\n", escaped(spec.initrd));
  out += std::format("    <cmdline>{}</cmdline>\n  </os>\n", escaped(spec.cmdline));
  return out;
}

std::string standing_on(const std::string& file, const std::string& indent, const std::string& rest) {
  return std::format(
      "{0}<backingStore type='file'>\n{0}  <format type='qcow2'/>\n{0}  <source file='{1}'/>\n{2}{0}</backingStore>\n",
      indent, escaped(file), rest);
}

// All formats are stated: a guest can write any header into its disk, and a probed format would be believed.
std::string disk(const DomainSpec& spec) {
  const std::string indent = "      ";
  const bool frozen = !spec.frozen_disk.empty();
  const std::string inner = frozen ? indent + "  " : indent;
  std::string below = standing_on(spec.backing_disk, inner, inner + "  <backingStore/>\n");
  if (frozen) below = standing_on(spec.frozen_disk, indent, below);
  return std::format(R"(    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' discard='unmap'/>
      <source file='{}'/>
{}      <target dev='{}' bus='{}'/>
{}    </disk>
)",
                     escaped(spec.disk), below, is_full(spec) ? "sda" : "vda", is_full(spec) ? "sata" : "virtio",
                     spec.kernel.empty() ? "      <boot order='1'/>\n" : "");
}

// After the disk: an empty one gets its system from the medium, and then boots itself.
std::string drive(const DomainSpec& spec) {
  if (spec.medium.empty()) return {};
  return std::format(R"(    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/>
      <source file='{}'/>
      <target dev='sdb' bus='sata'/>
      <readonly/>
{}    </disk>
)",
                     escaped(spec.medium), spec.kernel.empty() ? "      <boot order='2'/>\n" : "");
}

// Mapped: the guest's owners and modes are kept beside the files, which stay the VM's user's, so that nothing that a
// guest writes is a program or a device to the host.
std::string folder(const std::optional<SharedFolder>& shared) {
  if (!shared) return {};
  return std::format(R"(    <filesystem type='mount' accessmode='mapped'>
      <driver type='path'/>
      <source dir='{}'/>
      <target dir='{}'/>
    </filesystem>
)",
                     escaped(shared->path), escaped(shared->tag));
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

// The one thing on a bus of USB that a desktop gets, where its system knows no virtio: the pointer. Nothing can be
// plugged in there.
std::string inputs(const DomainSpec& spec) {
  if (!is_full(spec)) return "    <input type='tablet' bus='virtio'/>\n    <input type='keyboard' bus='virtio'/>\n";
  return "    <input type='tablet' bus='usb'/>\n    <input type='keyboard' bus='ps2'/>\n";
}

std::string screen(const DomainSpec& spec) {
  if (is_full(spec)) {
    return "    <video>\n      <model type='vga' vram='32768' heads='1' primary='yes'/>\n    </video>\n";
  }
  return std::format("    <video>\n      <model type='virtio' heads='{}' primary='yes'/>\n    </video>\n", spec.heads);
}

constexpr std::string_view kBalloonAndRandom = R"(    <memballoon model='virtio'/>
    <rng model='virtio'>
      <backend model='random'>/dev/urandom</backend>
    </rng>
)";

// relabel='no': libvirt would otherwise give the shared image to the VM's user, which could then write to it.
std::string label(const std::optional<VmUser>& user) {
  if (!user) return {};
  return std::format("  <seclabel type='static' model='dac' relabel='no'>\n    <label>+{}:+{}</label>\n  </seclabel>\n",
                     user->uid, user->gid);
}

// In QEMU's options a comma ends a value unless it is doubled.
std::string option_value(std::string_view text) {
  std::string out;
  for (const char c : text) out.append(c == ',' ? 2 : 1, c);
  return out;
}

// Memory in a file, which libvirt can do as well, but not in one of our choice. The block has the same name in template
// and copy, or the state does not fit.
std::string memory_in(const std::string& file, const DomainSpec& spec, std::string_view how) {
  return std::format(
      "    <qemu:arg value='-object'/>\n"
      "    <qemu:arg value='memory-backend-file,id=tobari-ram,size={}M,mem-path={},{}'/>\n"
      "    <qemu:arg value='-machine'/>\n    <qemu:arg value='memory-backend=tobari-ram'/>\n",
      spec.memory_mib, escaped(option_value(file)), how);
}

// What libvirt has no words for. `of`: what this is a copy of; null: nothing.
std::string beyond_libvirt(const DomainSpec& spec, const TemplateFiles* of) {
  if (of == nullptr && spec.shared_ram.empty()) return {};
  std::string out = "  <qemu:commandline>\n";
  out += of == nullptr ? memory_in(spec.shared_ram, spec, "share=on")
                       : memory_in(of->ram, spec, "share=off,readonly=on,rom=off");
  if (of != nullptr) out += "    <qemu:arg value='-incoming'/>\n    <qemu:arg value='defer'/>\n";
  out += "  </qemu:commandline>\n";
  // With this one libvirt reads the processor's features one by one, some 460 questions: half of the time that it takes
  // to start a VM. The template was asked.
  if (of != nullptr)
    out += "  <qemu:capabilities>\n    <qemu:del capability='cpu-unavailable-features'/>\n  </qemu:capabilities>\n";
  return out;
}

// The number tells the guest's kernel that it is another machine now, whose random numbers must be others.
constexpr std::string_view kGeneration = "  <genid/>\n";

// Named, because libvirt makes no more than the devices need (six), and a copy gets its card later.
std::string ports() {
  constexpr int kPorts = 8;
  std::string out = "    <controller type='pci' index='0' model='pcie-root'/>\n";
  for (int i = 0; i < kPorts; ++i) out += "    <controller type='pci' model='pcie-root-port'/>\n";
  return out;
}

std::string machine_xml(const DomainSpec& spec, const TemplateFiles* of) {
  const bool special = of != nullptr || !spec.shared_ram.empty();
  std::string out = std::format("<domain type='{}'{}>\n", spec.accelerator == Accelerator::kKvm ? "kvm" : "qemu",
                                special ? " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'" : "");
  out += std::format("  <name>{}</name>\n  <uuid>{}</uuid>\n",
                     spec.shared_ram.empty() ? domain_name(spec.id) : template_name(spec.id), spec.id.str());
  if (special) out += kGeneration;
  if (!spec.title.empty()) out += std::format("  <title>{}</title>\n", escaped(spec.title));
  out += std::format("  <memory unit='MiB'>{}</memory>\n  <vcpu>{}</vcpu>\n", spec.memory_mib, spec.vcpus);
  out += boot(spec);
  out += "  <features>\n    <acpi/>\n  </features>\n" + cpu(spec.accelerator);
  out += "  <on_poweroff>destroy</on_poweroff>\n  <on_reboot>restart</on_reboot>\n  <on_crash>destroy</on_crash>\n";
  out += "  <devices>\n    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n" + disk(spec);
  out += drive(spec);
  out += std::format("    <controller type='usb' model='{}'/>\n", is_full(spec) ? "qemu-xhci" : "none");
  if (special || spec.spare_ports) out += ports();
  if (!special && spec.network) out += card_of(spec.id, *spec.network, MachineKind::kVm, spec.devices);
  if (!special) out += folder(spec.folder);
  out += channel(spec.agent_channel, spec.agent_socket) + channel(spec.clipboard_channel, spec.clipboard_socket);
  out += inputs(spec);
  out += kDisplay;
  out += screen(spec);
  out += kSound;
  out += is_full(spec) ? "    <memballoon model='none'/>\n" : kBalloonAndRandom;
  out += "  </devices>\n";
  out += label(spec.user) + beyond_libvirt(spec, of) + "</domain>\n";
  return out;
}

}  // namespace

std::string domain_name(const DesktopId& id) { return std::string(kOurs) + id.str(); }
std::string template_name(const DesktopId& id) { return std::string(kOurs) + std::string(kTemplates) + id.str(); }

std::optional<DomainKey> parse_domain_name(std::string_view name) {
  if (!name.starts_with(kOurs)) return std::nullopt;
  name.remove_prefix(kOurs.size());
  const bool is_template = name.starts_with(kTemplates);
  if (is_template) name.remove_prefix(kTemplates.size());
  auto id = DesktopId::parse(name);
  if (!id) return std::nullopt;
  return DomainKey{*std::move(id), is_template};
}

// 40 random bits of the id: two of a host's 4096 desktops meet once in 130,000 hosts.
std::string guest_mac(const DesktopId& id) {
  const std::string& hex = id.str();
  return std::format("02:{}:{}:{}:{}:{}", hex.substr(0, 2), hex.substr(2, 2), hex.substr(4, 2), hex.substr(6, 2),
                     hex.substr(9, 2));
}

std::string tap_name(const DesktopId& id) { return "tb-" + id.str().substr(0, 8) + id.str().substr(9, 4); }

std::string guard_xml() {
  return std::format(R"(<filter name='{}' chain='root'>
  <uuid>9b0e6f1c-52c3-4c1f-8a64-70f1d2a7b5e0</uuid>
  <rule action='drop' direction='out' priority='100'>
    <mac match='no' srcmacaddr='$MAC'/>
  </rule>
  <rule action='accept' direction='out' priority='200'>
    <ip srcipaddr='0.0.0.0' dstipaddr='255.255.255.255' protocol='udp' srcportstart='68' dstportstart='67'/>
  </rule>
  <rule action='accept' direction='out' priority='200'>
    <ip srcipaddr='$IP'/>
  </rule>
  <rule action='accept' direction='out' priority='200'>
    <arp arpsrcmacaddr='$MAC' arpsrcipaddr='$IP'/>
  </rule>
  <rule action='accept' direction='out' priority='200'>
    <arp arpsrcmacaddr='$MAC' arpsrcipaddr='0.0.0.0'/>
  </rule>
  <rule action='accept' direction='in' priority='200'>
    <ip/>
  </rule>
  <rule action='accept' direction='in' priority='200'>
    <arp/>
  </rule>
  <rule action='drop' direction='inout' priority='1000'/>
</filter>
)",
                     kGuardName);
}

std::string domain_xml(const DomainSpec& spec) { return machine_xml(spec, nullptr); }

std::string clone_xml(const DomainSpec& spec, const TemplateFiles& of) { return machine_xml(spec, &of); }

std::string card_xml(const DesktopId& id, const NetworkCard& network, MachineKind machine) {
  return card_of(id, network, machine);
}

std::string disk_xml(const ExtraDisk& extra, std::uint32_t place) {
  const char letter = static_cast<char>('b' + static_cast<char>(place % kMaxExtraDisks));
  return std::format(R"(<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2' discard='unmap'/>
  <source file='{}'/>
  <backingStore/>
  <target dev='vd{}' bus='virtio'/>
  <serial>{}</serial>
</disk>
)",
                     escaped(extra.file), letter, escaped(extra.serial));
}

}  // namespace tobari::vmhost
