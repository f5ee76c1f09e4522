// The command that runs a guest: what it says, that nothing which somebody
// chose is more than one value in it, and that the real QEMU takes it.
#include "runtime/qemu_command.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <functional>
#include <numeric>
#include <set>

#include "runtime/program_linux.hpp"
#include "schema/reflection_json.hpp"
#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;

using events::VmSpec;
using runtime::Architecture;
using runtime::QemuGuest;
using schema::DiskFormat;
using schema::Json;

namespace {

using Words = std::vector<std::string>;

Words command_of(const QemuGuest& guest) {
  return runtime::qemu_command(guest);
}

QemuGuest small() {
  QemuGuest guest;
  std::iota(guest.id.bytes.begin(), guest.id.bytes.end(), std::uint8_t{0xa0});
  guest.name = "web";
  guest.start = 7;
  guest.spec = events::profile_of(schema::VmKind::plain);
  guest.spec.disks = {{"root", DiskFormat::qcow2, 1024}};
  guest.spec.forwards = {{10'022, 22}};
  guest.cpu_model = "max";
  guest.disks = {{"/guests/web/root"}};
  guest.console_log = "/guests/web/console";
  return guest;
}

/// All that a guest can have, with its files in one folder.
QemuGuest full(const fs::path& folder) {
  auto guest = small();
  guest.spec.disks = {{"root", DiskFormat::qcow2, 0, Hash{}},
                      {"scratch", DiskFormat::raw, 1},
                      {"bare", DiskFormat::qcow2, 1}};
  guest.disks = {{folder / "root", folder / "base"},
                 {folder / "scratch"},
                 {folder / "bare"}};
  guest.spec.kernel = Hash{};
  guest.spec.initrd = Hash{};
  guest.spec.command_line = "console=ttyS0";
  guest.spec.cloud_init = Hash{};
  guest.kernel = folder / "kernel";
  guest.initrd = folder / "initrd";
  guest.seed = folder / "seed";
  guest.console_log = folder / "console";
  return guest;
}

/// An option with what belongs to it is a line.
Words lines_of(const Words& command) {
  Words lines;
  for (const auto& word : command) {
    if (word.starts_with('-') || lines.empty())
      lines.push_back(word);
    else
      lines.back() += " " + word;
  }
  return lines;
}

Words values_of(const Words& command, std::string_view option) {
  Words values;
  for (std::size_t i = 0; i + 1 < command.size(); ++i)
    if (command[i] == option) values.push_back(command[i + 1]);
  return values;
}

/// The object that has that id, or is the node of that name.
Json object_of(const QemuGuest& guest, std::string_view option,
               std::string_view name) {
  for (const auto& value : values_of(command_of(guest), option)) {
    auto json = Json::parse(value);
    if (json.value("id", "") == name || json.value("node-name", "") == name)
      return json;
  }
  BOOST_FAIL("there is no " << option << " " << name);
  return {};
}

Json node_of(const QemuGuest& guest, std::string_view name) {
  return object_of(guest, "-blockdev", name);
}

std::string netdev_of(const QemuGuest& guest) {
  auto netdevs = values_of(command_of(guest), "-netdev");
  BOOST_TEST_REQUIRE(netdevs.size() == 1U);
  return netdevs[0];
}

// -- the command as QEMU reads it ---------------------------------------------

/// An option of key=value pairs, as QEMU takes it apart.
Json parts_of(const std::string& option) {
  Json parts = Json::array({""});
  for (std::size_t i = 0; i < option.size(); ++i) {
    bool is_doubled = option.compare(i, 2, ",,") == 0;
    if (option[i] == ',' && !is_doubled) {
      parts.push_back("");
      continue;
    }
    parts.back() = parts.back().get<std::string>() + option[i];
    if (is_doubled) ++i;
  }
  return parts;
}

Json as_read(const Words& command) {
  const std::set<std::string> with_pairs{
      "-name", "-machine", "-chardev", "-mon", "-netdev", "-sandbox", "-boot"};
  const std::set<std::string> with_json{"-device", "-blockdev"};
  Json all = Json::array();
  for (std::size_t i = 0; i < command.size(); ++i) {
    if (i > 0 && with_pairs.contains(command[i - 1]))
      all.push_back(parts_of(command[i]));
    else if (i > 0 && with_json.contains(command[i - 1]))
      all.push_back(Json::parse(command[i]));
    else
      all.push_back(command[i]);
  }
  return all;
}

/// The same with another text in each string that has the one. What is cut off
/// at some length counts too.
Json with_replaced(const Json& json, const std::string& text,
                   const std::string& other) {
  constexpr std::size_t cut = 20;
  if (json.is_string()) {
    auto value = json.get<std::string>();
    if (value == text.substr(0, cut)) return other.substr(0, cut);
    if (auto place = value.find(text); place != std::string::npos)
      value.replace(place, text.size(), other);
    return value;
  }
  auto replaced = json;
  if (json.is_structured())
    for (auto& part : replaced) part = with_replaced(part, text, other);
  return replaced;
}

/// Texts that would be more than one value if they were not kept together.
const Words hostile_texts{
    "a,readonly=on,b",
    "a,",
    ",,a",
    "=on",
    "a\",\"driver\":\"host_device\",\"filename\":\"/dev/vda",
    "json:{\"driver\":\"host_device\",\"filename\":\"/dev/vda\"}",
    "file:/etc/shadow",
    "fat:rw:/etc",
    "nbd:127.0.0.1:10809",
    "-drive file=/etc/shadow",
    "-incoming",
    "a\n-drive\nfile=/etc/shadow",
    "a\\\"b\\",
    "$(reboot)`reboot`",
    "%s%n",
    "\xff\xfe",
};

/// Whether the text comes out as what stands where "harmless" otherwise does.
void check_one_value(const std::function<void(QemuGuest&, std::string)>& use) {
  for (const auto& text : hostile_texts) {
    // What JSON can not say is marked there, and then no file of ours.
    bool is_text = text[0] != '\xff';
    auto guest = full("/guests/web");
    auto twin = guest;
    use(guest, text);
    use(twin, "harmless-and-rather-long");
    auto read = as_read(command_of(guest));
    auto expected = with_replaced(as_read(command_of(twin)),
                                  "harmless-and-rather-long", text);
    BOOST_TEST(read.size() == expected.size());
    if (is_text) BOOST_TEST((read == expected), text);
  }
}

// -- the real one -------------------------------------------------------------

const sockaddr* generic(const auto* address) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as they take
  return reinterpret_cast<const sockaddr*>(address);
}

sockaddr_un unix_address(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto text = path.string();
  BOOST_REQUIRE(text.size() < sizeof address.sun_path);
  std::copy(text.begin(), text.end(), std::begin(address.sun_path));
  return address;
}

store::FileHandle listen_at(const fs::path& path) {
  store::FileHandle listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  auto address = unix_address(path);
  BOOST_REQUIRE(::bind(listener.get(), generic(&address), sizeof address) == 0);
  BOOST_REQUIRE(::listen(listener.get(), 1) == 0);
  return listener;
}

/// A port of TCP that is free at an address of this host; 0: `wanted` is not.
std::uint16_t free_port(const char* at, std::uint16_t wanted = 0) {
  store::FileHandle socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(wanted);
  ::inet_pton(AF_INET, at, &address.sin_addr);
  if (::bind(socket.get(), generic(&address), sizeof address) != 0) return 0;
  socklen_t size = sizeof address;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as it takes
  auto* generic_address = reinterpret_cast<sockaddr*>(&address);
  BOOST_REQUIRE(::getsockname(socket.get(), generic_address, &size) == 0);
  return ntohs(address.sin_port);
}

/// Where a QEMU of the test has its sockets and what it complains of.
struct QemuFolder {
  fs::path path;

  [[nodiscard]] fs::path messages_file() const { return path / "messages"; }
  [[nodiscard]] std::string messages() const {
    return must(store::read_file(messages_file(), 1U << 20U));
  }
};

/// A connection to a monitor that greeted.
class Monitor {
 public:
  Monitor(QemuFolder folder, const char* name)
      : folder_(std::move(folder)),
        socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    timeval patience{30, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience,
                 sizeof patience);
    auto address = unix_address(folder_.path / name);
    BOOST_REQUIRE(::connect(socket_.get(), generic(&address), sizeof address) ==
                  0);
    BOOST_REQUIRE_MESSAGE(read().contains("QMP"), folder_.messages());
    ask("qmp_capabilities");
  }

  Json ask(const std::string& command, const Json& arguments = Json::object()) {
    auto request =
        schema::compact({{"execute", command}, {"arguments", arguments}});
    ::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL);
    auto answer = read();
    while (answer.contains("event")) answer = read();
    BOOST_REQUIRE_MESSAGE(answer.contains("return"),
                          command << ": " << schema::compact(answer) << " "
                                  << folder_.messages());
    return answer["return"];
  }

 private:
  /// Nothing if there is no more to come.
  Json read() {
    auto end = received_.find('\n');
    while (end == std::string::npos) {
      std::array<char, 4096> part{};
      auto size = ::recv(socket_.get(), part.data(), part.size(), 0);
      if (size <= 0) return {};
      received_.append(part.data(), static_cast<std::size_t>(size));
      end = received_.find('\n');
    }
    auto json = Json::parse(received_.substr(0, end));
    received_.erase(0, end + 1);
    return json;
  }

  QemuFolder folder_;
  store::FileHandle socket_;
  std::string received_;
};

/// A QEMU that ends with the test.
class RunningQemu {
 public:
  RunningQemu(Words command, const QemuFolder& folder) {
    std::vector<store::FileHandle> sockets;
    posix_spawn_file_actions_t files{};
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null",
                                       O_RDONLY, 0);
    for (int output : {STDOUT_FILENO, STDERR_FILENO})
      ::posix_spawn_file_actions_addopen(&files, output,
                                         folder.messages_file().c_str(),
                                         O_WRONLY | O_CREAT | O_APPEND, 0600);
    int place = 3;
    for (const char* name : {"control", "rescue", "serial"}) {
      auto listener = listen_at(folder.path / name);
      // Above all the places that they are moved to.
      sockets.emplace_back(::fcntl(listener.get(), F_DUPFD_CLOEXEC, 10));
      ::posix_spawn_file_actions_adddup2(&files, sockets.back().get(), place++);
    }
    std::vector<char*> pointers;
    for (auto& word : command) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    int error = ::posix_spawnp(&pid_, pointers[0], &files, nullptr,
                               pointers.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    BOOST_REQUIRE(error == 0);
  }
  RunningQemu(const RunningQemu&) = delete;
  RunningQemu& operator=(const RunningQemu&) = delete;
  ~RunningQemu() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  /// What it returned; nothing if it does not end.
  std::optional<int> exit_code() {
    store::FileHandle process{
        static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
    pollfd ended{process.get(), POLLIN, 0};
    if (::poll(&ended, 1, 30'000) != 1) return std::nullopt;
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    if (!WIFEXITED(status)) return std::nullopt;
    return WEXITSTATUS(status);
  }

 private:
  pid_t pid_ = -1;
};

void write_file(const fs::path& path, const std::string& content) {
  std::ofstream{path, std::ios::binary} << content;
}

std::string number(std::uint64_t value, std::size_t size) {
  auto bytes = store::big_endian(value);
  return std::string{store::as_text(bytes).substr(bytes.size() - size)};
}

/// An empty qcow2 image of a megabyte whose header names what lies below it:
/// clusters of 64 KB with header, count table, counts and map.
std::string qcow2_above(const std::string& backing) {
  constexpr std::size_t cluster = 65'536;
  constexpr std::size_t header_size = 104;
  auto image = "QFI\xfb" + number(3, 4) + number(header_size + 8, 8) +
               number(backing.size(), 4) + number(16, 4) +
               number(1U << 20U, 8) + number(0, 4) + number(1, 4) +
               number(3 * cluster, 8) + number(cluster, 8) + number(1, 4) +
               std::string(36, '\0') + number(4, 4) + number(header_size, 4) +
               number(0, 8) + backing;
  image.resize(cluster);
  image += number(2 * cluster, 8);
  image.resize(2 * cluster);
  for (int used = 0; used < 4; ++used) image += number(1, 2);
  image.resize(4 * cluster);
  return image;
}

/// Nothing to run, with the header that tells a loader what it is.
std::string kernel_image() {
  std::string image(65'536, '\0');
  image.replace(0x202, 6, "HdrS\x0c\x02");
  image[0x211] = 1;
  image.replace(0x22c, 4, "\xff\xff\xff\x37");
  return image;
}

void write_files_of(const QemuGuest& guest, const fs::path& secret) {
  write_file(guest.disks[0].file, qcow2_above(secret.string()));
  write_file(guest.disks[0].base, std::string(1U << 20U, 'b'));
  write_file(guest.disks[1].file, std::string(1U << 20U, '\0'));
  write_file(guest.disks[2].file, qcow2_above(secret.string()));
  write_file(secret, std::string(1U << 20U, 's'));
  write_file(guest.kernel, kernel_image());
  write_file(guest.initrd, "initrd");
  fs::create_directory(guest.seed);
  write_file(guest.seed / "meta-data", "instance-id: 1\n");
  write_file(guest.seed / "user-data", "#cloud-config\n");
}

std::set<std::string> open_files_of(const Json& nodes) {
  std::set<std::string> files;
  for (const auto& node : nodes)
    if (node["drv"] == "file") files.insert(node["file"].get<std::string>());
  return files;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(qemu_command)

// -- what it says -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_small_guest_is_this_command) {
  auto lines = lines_of(command_of(small()));
  // NOLINTBEGIN(bugprone-suspicious-missing-comma): long ones are in parts
  const Words expected{
      "qemu-system-x86_64",
      "-name guest=web.7,debug-threads=on",
      "-uuid a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf",
      "-nodefaults",
      "-no-user-config",
      "-sandbox on,obsolete=deny,elevateprivileges=deny,"
      "spawn=deny,resourcecontrol=deny",
      "-msg timestamp=on",
      "-S",
      "-action panic=exit-failure,reboot=reset,shutdown=poweroff",
      "-machine q35,vmport=off,sata=off,smbus=off,"
      "graphics=off,dump-guest-core=off",
      "-accel tcg,tb-size=128",
      "-cpu max",
      "-smp 1",
      "-m 512M",
      "-display none",
      "-boot strict=on",
      "-chardev socket,id=control,fd=3,server=on,wait=off",
      "-mon chardev=control,mode=control",
      "-chardev socket,id=rescue,fd=4,server=on,wait=off",
      "-mon chardev=rescue,mode=control",
      "-chardev socket,id=console,fd=5,server=on,wait=off,"
      "logfile=/guests/web/console,logappend=on",
      "-serial chardev:console",
      R"(-device {"driver":"virtio-balloon-pci","id":"balloon",)"
      R"("free-page-reporting":true})",
      R"(-device {"driver":"virtio-rng-pci","id":"rng"})",
      R"(-device {"driver":"pvpanic-pci","id":"panic"})",
      R"(-blockdev {"driver":"qcow2","read-only":false,"file":{)"
      R"("driver":"file","filename":"/guests/web/root","locking":"on",)"
      R"("cache":{"direct":false},"discard":"unmap"},"backing":null,)"
      R"("node-name":"disk0","discard":"unmap"})",
      R"(-device {"driver":"virtio-blk-pci","id":"disk0","drive":"disk0",)"
      R"("serial":"root","bootindex":1,"werror":"stop","rerror":"stop"})",
      "-netdev user,id=net,restrict=on,ipv6=off,"
      "hostfwd=tcp:127.0.0.1:10022-:22",
      R"(-device {"driver":"virtio-net-pci","id":"net","netdev":"net",)"
      R"("mac":"52:54:00:a0:a1:a2","romfile":""})",
  };
  // NOLINTEND(bugprone-suspicious-missing-comma)
  BOOST_TEST(lines == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_name_tells_which_start_it_is) {
  BOOST_TEST(runtime::qemu_name("web", 12) == "web.12");
}

BOOST_AUTO_TEST_CASE(each_architecture_has_its_program_and_machine) {
  auto guest = small();
  guest.architecture = Architecture::aarch64;
  auto machine = values_of(command_of(guest), "-machine").at(0);
  BOOST_TEST(machine.starts_with("virt,gic-version=max,"));
  BOOST_TEST(runtime::qemu_program(Architecture::x86_64) ==
             "qemu-system-x86_64");
  BOOST_TEST(runtime::qemu_program(Architecture::aarch64) ==
             "qemu-system-aarch64");
}

BOOST_AUTO_TEST_CASE(the_host_says_by_what_a_guest_runs) {
  auto guest = small();
  guest.program = "/opt/qemu";
  guest.accelerator = "kvm";
  guest.cpu_model = "";
  guest.descriptors = {10, 11, 12, 13};
  auto command = command_of(guest);
  BOOST_TEST(command.at(0) == "/opt/qemu");
  BOOST_TEST(values_of(command, "-accel") == Words{"kvm"});
  BOOST_TEST(values_of(command, "-cpu").empty());
  auto chardevs = values_of(command, "-chardev");
  for (std::size_t i = 0; i < 3; ++i)
    BOOST_TEST(mentions(chardevs.at(i), "fd=1" + std::to_string(i)));
}

BOOST_AUTO_TEST_CASE(a_kernel_is_started_by_words_of_their_own) {
  auto guest = full("/g");
  auto command = command_of(guest);
  BOOST_TEST(values_of(command, "-kernel") == Words{"/g/kernel"});
  BOOST_TEST(values_of(command, "-initrd") == Words{"/g/initrd"});
  BOOST_TEST(values_of(command, "-append") == Words{"console=ttyS0"});
  guest.spec.kernel = std::nullopt;
  for (const auto* option : {"-kernel", "-initrd", "-append"})
    BOOST_TEST(values_of(command_of(guest), option).empty());
}

// -- disks --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(only_a_base_that_is_named_lies_below_a_disk) {
  auto guest = full("/g");
  auto base = node_of(guest, "disk0").at("backing");
  BOOST_TEST(base.at("driver") == "raw");
  BOOST_TEST(base.at("read-only") == true);
  BOOST_TEST(base.at("file").at("filename") == "/g/base");
  BOOST_TEST(!base.contains("backing"));
  guest.disks[0].base_format = DiskFormat::qcow2;
  base = node_of(guest, "disk0").at("backing");
  BOOST_TEST(base.at("driver") == "qcow2");
  BOOST_TEST(base.at("backing").is_null());
  BOOST_TEST(!node_of(guest, "disk1").contains("backing"));
}

BOOST_AUTO_TEST_CASE(a_disk_can_be_read_only) {
  auto guest = small();
  guest.spec.disks[0].read_only = true;
  BOOST_TEST(node_of(guest, "disk0").at("read-only") == true);
}

BOOST_AUTO_TEST_CASE(a_device_is_opened_as_one) {
  auto guest = small();
  guest.spec.disks[0] = {"archive", DiskFormat::raw, 0, {}, "vault"};
  guest.disks[0].file = "/dev/vg0/vault";
  auto node = node_of(guest, "disk0");
  BOOST_TEST(node.at("driver") == "raw");
  BOOST_TEST(node.at("file").at("driver") == "host_device");
  BOOST_TEST(node.at("file").at("filename") == "/dev/vg0/vault");
}

BOOST_AUTO_TEST_CASE(disks_keep_their_order) {
  auto guest = small();
  guest.spec.disks.clear();
  guest.disks.clear();
  for (std::size_t i = 0; i < events::disks_max; ++i) {
    auto name = std::string(60, 'a') + std::to_string(i);
    guest.spec.disks.push_back({name, DiskFormat::raw, 1});
    guest.disks.push_back({"/g/" + name});
  }
  for (std::size_t i = 0; i < events::disks_max; ++i) {
    auto id = "disk" + std::to_string(i);
    auto device = object_of(guest, "-device", id);
    BOOST_TEST(device.at("drive") == id);
    BOOST_TEST(device.at("bootindex") == i + 1);
    BOOST_TEST(device.at("serial") == std::string(20, 'a'));
    BOOST_TEST(node_of(guest, id).at("file").at("filename") ==
               guest.disks[i].file.string());
  }
}

BOOST_AUTO_TEST_CASE(cloud_init_is_a_folder_that_looks_like_a_disk) {
  auto guest = full("/g");
  BOOST_TEST((node_of(guest, "seed") == Json{{"driver", "vvfat"},
                                             {"node-name", "seed"},
                                             {"read-only", true},
                                             {"dir", "/g/seed"},
                                             {"label", "CIDATA"},
                                             {"floppy", false},
                                             {"rw", false}}));
  BOOST_TEST(!object_of(guest, "-device", "seed").contains("bootindex"));
  guest.spec.cloud_init = std::nullopt;
  for (const auto& word : command_of(guest))
    BOOST_TEST(!mentions(word, "seed"));
}

// -- the network --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_network_of_its_own_lets_nothing_out) {
  auto guest = small();
  guest.spec.forwards.clear();
  BOOST_TEST(netdev_of(guest) == "user,id=net,restrict=on,ipv6=off");
}

BOOST_AUTO_TEST_CASE(only_an_open_forward_leaves_the_loopback) {
  auto guest = small();
  guest.spec.forwards = {{8080, 80}, {8443, 443, false, true}};
  BOOST_TEST(netdev_of(guest) ==
             "user,id=net,restrict=on,ipv6=off,"
             "hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=tcp::8443-:443");
}

BOOST_AUTO_TEST_CASE(a_forward_in_the_mesh_is_at_the_hosts_address_there) {
  auto guest = small();
  guest.mesh_address = "10.8.0.7";
  guest.spec.forwards = {{8080, 80, false, false, true}, {10'022, 22}};
  BOOST_TEST(netdev_of(guest) ==
             "user,id=net,restrict=on,ipv6=off,"
             "hostfwd=tcp:10.8.0.7:8080-:80,hostfwd=tcp:127.0.0.1:10022-:22");
}

BOOST_AUTO_TEST_CASE(a_bridge_is_reached_by_a_tap_that_is_in_it) {
  auto guest = small();
  guest.spec.forwards.clear();
  guest.spec.bridge = "br0";
  BOOST_TEST(netdev_of(guest) == "tap,id=net,fd=6");
  for (const auto& word : command_of(guest)) BOOST_TEST(!mentions(word, "br0"));
}

// -- what somebody chose ------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_name_is_one_value) {
  check_one_value(
      [](QemuGuest& guest, std::string text) { guest.name = std::move(text); });
}

BOOST_AUTO_TEST_CASE(a_command_line_is_one_value) {
  check_one_value([](QemuGuest& guest, std::string text) {
    guest.spec.command_line = std::move(text);
  });
}

BOOST_AUTO_TEST_CASE(a_disk_name_is_one_value) {
  check_one_value([](QemuGuest& guest, const std::string& text) {
    guest.spec.disks[0].name = text;
    guest.disks[0].file = "/guests/web/" + text;
  });
}

BOOST_AUTO_TEST_CASE(a_device_is_one_value) {
  check_one_value([](QemuGuest& guest, const std::string& text) {
    guest.spec.disks[1].device = text;
    guest.disks[1].file = "/dev/" + text;
  });
}

BOOST_AUTO_TEST_CASE(a_folder_is_one_value_wherever_it_stands) {
  check_one_value([](QemuGuest& guest, const std::string& text) {
    guest = full("/guests/" + text);
  });
}

BOOST_AUTO_TEST_CASE(a_name_of_a_bridge_is_not_said) {
  check_one_value([](QemuGuest& guest, std::string text) {
    guest.spec.bridge = std::move(text);
  });
}

// So none of them comes this far.
BOOST_AUTO_TEST_CASE(no_hostile_text_is_without_a_flaw) {
  using Use = std::function<void(VmSpec&, std::string)>;
  const std::vector<Use> uses{
      [](VmSpec& spec, auto text) { spec.disks[0].name = text; },
      [](VmSpec& spec, auto text) {
        spec.disks[1] = {"a", DiskFormat::raw, 0, {}, text};
      },
      [](VmSpec& spec, auto text) {
        spec.forwards.clear();
        spec.bridge = text;
      }};
  BOOST_TEST(!flaw_of(full("/g").spec));
  for (const auto& text : hostile_texts)
    for (const auto& use : uses) {
      auto spec = full("/g").spec;
      use(spec, text);
      BOOST_TEST(flaw_of(spec).has_value(), text);
    }
}

// -- the real one -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(qemu_takes_all_of_it) {
  auto program = runtime::qemu_program(Architecture::x86_64);
  BOOST_REQUIRE_MESSAGE(runtime::find_program(program),
                        program << " is not installed: run tools/setup");
  ScratchDirectory scratch;
  // A folder whose name is an option, and a file that is a node.
  auto folder = scratch / "json:{\"a\":1},b=on\n";
  fs::create_directory(folder);
  auto guest = full(folder);
  guest.spec.disks[1].name = "file-with-a-long-name";
  guest.disks[1].file = folder / "file:nbd:localhost:1,\"x\"";
  guest.spec.command_line = "console=ttyS0,115200 a=\"b,,c\" -drive x";
  auto closed = free_port("127.0.0.1");
  auto open = free_port("0.0.0.0");
  while (open == closed) open = free_port("0.0.0.0");
  guest.spec.forwards = {{closed, 22}, {open, 80, false, true}};
  BOOST_TEST(flaw_of(guest.spec).value_or("") == "");
  write_files_of(guest, folder / "secret");
  write_file(guest.console_log, "before\n");

  QemuFolder place{scratch.path()};
  RunningQemu qemu{command_of(guest), place};
  Monitor control{place, "control"};
  BOOST_TEST(control.ask("query-status").at("running") == false);
  BOOST_TEST(control.ask("query-name").at("name") == "web.7");
  BOOST_TEST(control.ask("query-uuid").at("UUID") ==
             "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf");
  BOOST_TEST(
      control.ask("qom-get", {{"path", "/machine"}, {"property", "append"}}) ==
      guest.spec.command_line);
  BOOST_TEST(control
                 .ask("qom-get", {{"path", runtime::qemu_balloon},
                                  {"property", "guest-stats"}})
                 .contains("stats"));
  BOOST_TEST(
      (open_files_of(control.ask("query-named-block-nodes")) ==
       std::set{guest.disks[0].file.string(), guest.disks[0].base.string(),
                guest.disks[1].file.string(), guest.disks[2].file.string()}));
  BOOST_TEST(control.ask("query-block").size() == 4U);
  Monitor rescue{place, "rescue"};
  BOOST_TEST(rescue.ask("query-status").at("running") == false);
  BOOST_TEST(free_port("127.0.0.1", closed) == 0);
  BOOST_TEST(free_port("127.0.0.2", closed) == closed);
  BOOST_TEST(free_port("127.0.0.2", open) == 0);
  BOOST_TEST(must(store::read_file(guest.console_log, 100)) == "before\n");

  control.ask("quit");
  BOOST_TEST((qemu.exit_code() == 0), place.messages());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
