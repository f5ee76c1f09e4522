// The commands that are about guests and images.
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "tools/ppnctl/command_line.hpp"

namespace ppn::ctl {

namespace {

constexpr const char* name_or_node = "of the guest; NODE/NAME of another host";

CLI::Option* take_guest(CLI::App* command, std::string& name,
                        const char* description) {
  return command->add_option("NAME", name, description)
      ->required()
      ->type_name("");
}

void take_consent_and_dry_run(CLI::App* command, Consent& consent) {
  take_consent(command, consent);
  command
      ->add_flag("--dry-run", consent.dry_run,
                 "show what it would do, and do nothing")
      ->excludes("--yes")
      ->excludes("--propose");
}

void take_no_wait(CLI::App* command, bool& no_wait) {
  command->add_flag("--no-wait", no_wait,
                    "end once it is recorded; it goes on by itself");
}

void take_machine(CLI::App* command, VmSettings& settings) {
  command->add_option("--vcpus", settings.vcpus, "how many, up to 256")
      ->check(CLI::Range(1, 256).description(""))
      ->type_name("COUNT");
  command->add_option("--memory", settings.memory, "such as 2G or 2048M")
      ->type_name("SIZE");
  command
      ->add_option("--floor", settings.floor,
                   "it always keeps so much of its memory")
      ->type_name("SIZE");
  command
      ->add_option("--weight", settings.weight,
                   "its share of a busy processor, 1 to 10000")
      ->check(CLI::Range(1, 10000).description(""))
      ->type_name("COUNT");
}

void take_life(CLI::App* command, VmSettings& settings) {
  command
      ->add_option("--restart", settings.restart,
                   "whether it is started again: never, on-failure or always")
      ->check(CLI::IsMember({"never", "on-failure", "always"}).description(""))
      ->type_name("POLICY");
  auto* no_autostart =
      command->add_flag("--no-autostart", settings.no_autostart,
                        "it stays off when the host comes back");
  command
      ->add_flag("--autostart", settings.autostart,
                 "it comes back with the host")
      ->excludes(no_autostart);
}

/// Given again for each further one.
void take_forwards(CLI::App* command, VmSettings& settings,
                   const char* instead) {
  auto* none =
      command->add_flag("--no-forwards", settings.no_forwards, instead);
  command
      ->add_option("--forward", settings.forwards,
                   "a port of its host that leads to one of it; open: at all "
                   "addresses, mesh: at the one in the mesh; may be given "
                   "again")
      ->allow_extra_args(false)
      ->excludes(none)
      ->type_name("[tcp:|udp:]HOST:GUEST[:open|:mesh]");
}

void take_disks_and_boot(CLI::App* command, VmCreateOptions& options) {
  command
      ->add_option("--disk", options.disks,
                   "NAME, and behind commas size=SIZE, base=IMAGE, "
                   "format=qcow2|raw, device=NAME, read-only; may be given "
                   "again")
      ->allow_extra_args(false)
      ->type_name("SPEC");
  command->add_option("--kernel", options.kernel, "that is started directly")
      ->type_name("IMAGE");
  command->add_option("--initrd", options.initrd, "that goes with it")
      ->type_name("IMAGE");
  command->add_option("--append", options.append, "its command line")
      ->type_name("TEXT");
  command
      ->add_option("--user-data", options.user_data,
                   "what its cloud-init reads; - is standard input")
      ->type_name("FILE");
}

void take_fleet(CLI::App* command, VmFleetOptions& options) {
  auto* fleet = command->add_flag(
      "--fleet", options.is_meant,
      "the controller finds a host for it; on the controller of the mesh");
  command->add_option("--owner", options.owner, "whose quota counts")
      ->needs(fleet)
      ->type_name("OWNER");
  command
      ->add_option("--label", options.labels,
                   "for --near and --apart of others; may be given again")
      ->allow_extra_args(false)
      ->needs(fleet)
      ->type_name("LABEL");
  take_neighbours(command, options.near, options.apart);
  for (const auto* name : {"--near", "--apart"})
    command->get_option(name)->needs(fleet);
  command
      ->add_flag("--prefer-accelerator", options.prefers_accelerator,
                 "rather where there is one")
      ->needs(fleet);
}

}  // namespace

void CommandLine::add_vm() {
  auto* vm = program_.add_subcommand("vm", "guests: virtual machines");
  add_vm_changes(vm);
  add_vm_verb(vm, VmVerb::start, "start guests, and wait until they run");
  add_vm_verb(vm, VmVerb::stop, "have guests shut down, and wait for that");
  add_vm_verb(vm, VmVerb::pause, "hold guests as they are");
  add_vm_verb(vm, VmVerb::resume, "let guests go on");
  add_vm_verb(vm, VmVerb::reset, "have guests begin anew");
  add_vm_looking(vm);
}

void CommandLine::add_vm_changes(Command vm) {
  auto* command = vm->add_subcommand("create", "make a guest, and start it");
  take_guest(command, vm_create_.name, "1 to 63 of a-z, 0-9 and hyphens");
  command
      ->add_option("--kind", vm_create_.kind,
                   "plain, mediakit, totebox, orchestration or privategit: "
                   "what it has unless told otherwise")
      ->check(CLI::IsMember({"plain", "mediakit", "totebox", "orchestration",
                             "privategit"})
                  .description(""))
      ->type_name("KIND")
      ->capture_default_str();
  take_machine(command, vm_create_.settings);
  take_disks_and_boot(command, vm_create_);
  command
      ->add_option("--bridge", vm_create_.bridge,
                   "of this host; it has a network of its own unless given")
      ->type_name("NAME");
  take_forwards(command, vm_create_.settings,
                "none, also not those of its kind");
  take_life(command, vm_create_.settings);
  command->add_option("--node", vm_create_.node, "where it must be; name or id")
      ->type_name("NODE");
  take_fleet(command, vm_create_.fleet);
  command->add_flag("--no-start", vm_create_.no_start, "leave it off");
  take_no_wait(command, vm_create_.no_wait);
  take_consent_and_dry_run(command, vm_create_.consent);
  command->footer(
      "An IMAGE is named by its name or the first 4 digits or more of its "
      "digest; see\nppnctl image list.\n" +
      program_.get_footer());
  choose(command, [this] { return vm_create(global_, vm_create_); });

  command = vm->add_subcommand("set", "change a guest");
  take_guest(command, vm_set_.name, name_or_node);
  take_machine(command, vm_set_.settings);
  take_forwards(command, vm_set_.settings, "have none any more");
  take_life(command, vm_set_.settings);
  take_consent_and_dry_run(command, vm_set_.consent);
  choose(command, [this] { return vm_set(global_, vm_set_); });

  command = vm->add_subcommand("delete", "delete a guest and its disks");
  take_guest(command, vm_delete_.name, name_or_node);
  command->add_flag("--force", vm_delete_.force,
                    "although it runs: it is stopped at once");
  take_no_wait(command, vm_delete_.no_wait);
  take_consent_and_dry_run(command, vm_delete_.consent);
  choose(command, [this] { return vm_delete(global_, vm_delete_); });

  command = vm->add_subcommand(
      "adopt", "take over a guest of the identity that this node had before");
  command
      ->add_option("NAME", vm_adopt_.name,
                   "of the guest; none given: those that there were")
      ->type_name("");
  take_consent_and_dry_run(command, vm_adopt_.consent);
  choose(command, [this] { return vm_adopt(global_, vm_adopt_); });
}

void CommandLine::add_vm_verb(Command vm, VmVerb verb,
                              const char* description) {
  auto* command = vm->add_subcommand(name_of(verb), description);
  command
      ->add_option("NAME", vm_command_.names,
                   "of the guests; NODE/NAME of another host")
      ->required()
      ->type_name("");
  if (verb == VmVerb::stop)
    command->add_flag("--force", vm_command_.force,
                      "at once, without asking them");
  if (verb != VmVerb::reset) take_no_wait(command, vm_command_.no_wait);
  choose(command,
         [this, verb] { return vm_command(global_, verb, vm_command_); });
}

void CommandLine::add_vm_looking(Command vm) {
  auto* command = vm->add_subcommand("list", "the guests of this host");
  command->footer(
      "Exits with 4 if any crashed, gave up, is held or does not answer, or "
      "if guests\ncan not be run.\n" +
      program_.get_footer());
  choose(command, [this] { return vm_list(global_); });
  watched_.push_back(command);

  command = vm->add_subcommand("show", "all that is known of a guest");
  take_guest(command, vm_name_.name, name_or_node);
  choose(command, [this] { return vm_show(global_, vm_name_); });

  command = vm->add_subcommand(
      "console", "its serial console in this terminal; Ctrl-] detaches");
  take_guest(command, vm_name_.name, "of the guest");
  choose(command, [this] { return vm_console(global_, vm_name_); });

  command = vm->add_subcommand("logs", "what it said on its serial console");
  take_guest(command, vm_logs_.name, "of the guest");
  command->add_flag("-f,--follow", vm_logs_.follow, "go on with what comes");
  command->add_option("-n", vm_logs_.lines, "only the last ones")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->type_name("LINES");
  choose(command, [this] { return vm_logs(global_, vm_logs_); });
}

void CommandLine::add_pool() {
  auto* command =
      program_.add_subcommand("pool", "where the memory of this host is");
  command->footer(
      "Of a guest, free is what it says that it could still use, and host what "
      "its QEMU\nhas of this host. Exits with 4 if there are guests and the "
      "host runs short, or no\ntarget can be decided.\n" +
      program_.get_footer());
  choose(command, [this] { return pool(global_); });
  watched_.push_back(command);
}

void CommandLine::add_image() {
  auto* image = program_.add_subcommand("image", "what guests are made of");

  auto* command =
      image->add_subcommand("add", "check a file, and keep a copy of it");
  command->add_option("FILE", image_add_.file, "of this host")
      ->required()
      ->type_name("");
  command
      ->add_option("--name", image_add_.name, "that of the file unless given")
      ->type_name("NAME");
  choose(command, [this] { return image_add(global_, image_add_); });

  command = image->add_subcommand("list", "those that there are");
  choose(command, [this] { return image_list(global_); });
  watched_.push_back(command);

  command = image->add_subcommand("remove", "keep an image no more");
  command
      ->add_option("IMAGE", image_remove_.image,
                   "its name, or the first 4 digits or more of its digest")
      ->required()
      ->type_name("");
  take_consent_and_dry_run(command, image_remove_.consent);
  choose(command, [this] { return image_remove(global_, image_remove_); });
}

}  // namespace ppn::ctl
