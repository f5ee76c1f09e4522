// The commands that are about the fleet.
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "tools/ppnctl/command_line.hpp"

namespace ppn::ctl {

namespace {

constexpr int quota_count_max = 1'000'000;

void take_guest_that_might_be(CLI::App* command, FleetGuestOptions& options) {
  command->add_option("--memory", options.memory, "such as 2G or 2048M")
      ->required()
      ->type_name("SIZE");
  command->add_option("--vcpus", options.vcpus, "how many, up to 256")
      ->check(CLI::Range(1, 256).description(""))
      ->type_name("COUNT");
  command->add_option("--disk", options.disk, "of all its disks")
      ->type_name("SIZE");
}

}  // namespace

void take_neighbours(CLI::App* command, std::vector<std::string>& near,
                     std::vector<std::string>& apart) {
  command
      ->add_option("--near", near,
                   "only where a guest has this label, if any has it; may be "
                   "given again")
      ->allow_extra_args(false)
      ->type_name("LABEL");
  command
      ->add_option("--apart", apart,
                   "only where no guest has this label; may be given again")
      ->allow_extra_args(false)
      ->type_name("LABEL");
}

void CommandLine::add_fleet() {
  auto* fleet = program_.add_subcommand(
      "fleet", "the hosts of guests, on the controller of the mesh");
  add_fleet_looking(fleet);
  add_fleet_placing(fleet);
  add_fleet_changes(fleet);
}

void CommandLine::add_fleet_looking(Command fleet) {
  auto* command =
      fleet->add_subcommand("nodes", "how they are, and what they have left");
  command->footer("Exits with 4 if any is silent.\n" + program_.get_footer());
  choose(command, [this] { return fleet_nodes(global_); });
  watched_.push_back(command);

  command = fleet->add_subcommand("guests", "the guests of all of them");
  command->footer(
      "Exits with 4 if any crashed or does not answer, or has a host that is "
      "silent.\n" +
      program_.get_footer());
  choose(command, [this] { return fleet_guests(global_); });
  watched_.push_back(command);

  command = fleet->add_subcommand("requests", "what was asked of them");
  choose(command, [this] { return fleet_requests(global_); });
  watched_.push_back(command);

  command = fleet->add_subcommand(
      "explain", "how far a request is, and why a guest went where it did");
  command
      ->add_option("REQUEST", fleet_explain_.request,
                   "its id, or the first 4 digits or more")
      ->required()
      ->type_name("");
  choose(command, [this] { return fleet_explain(global_, fleet_explain_); });
}

void CommandLine::add_fleet_placing(Command fleet) {
  auto* command = fleet->add_subcommand(
      "place", "who would get a guest, and why the others would not");
  take_guest_that_might_be(command, fleet_place_.guest);
  command->add_flag("--accelerator", fleet_place_.guest.prefers_accelerator,
                    "rather where there is one");
  command
      ->add_option("--node", fleet_place_.guest.node,
                   "where it must be; name or id")
      ->type_name("NODE");
  command->add_flag("--dry-run", fleet_place_.dry_run,
                    "do nothing else; must be given");
  take_neighbours(command, fleet_place_.guest.near, fleet_place_.guest.apart);
  command->footer("Exits with 5 if nobody would get it.\n" +
                  program_.get_footer());
  choose(command, [this] { return fleet_place(global_, fleet_place_); });

  command = fleet->add_subcommand(
      "fit", "how many such guests there is room for, and where");
  take_guest_that_might_be(command, fleet_fit_);
  choose(command, [this] { return fleet_fit(global_, fleet_fit_); });
}

void CommandLine::add_fleet_changes(Command fleet) {
  auto* command = fleet->add_subcommand(
      "drain", "place no more guests on a node; it keeps those that it has");
  take_node(command, fleet_use_.node);
  take_consent(command, fleet_use_.consent);
  choose(command, [this] { return fleet_drain(global_, fleet_use_); });

  command = fleet->add_subcommand("undrain", "place guests on a node again");
  take_node(command, fleet_use_.node);
  take_consent(command, fleet_use_.consent);
  choose(command, [this] { return fleet_undrain(global_, fleet_use_); });

  command = fleet->add_subcommand(
      "reserve", "place guests on a node only if nobody else can take them");
  take_node(command, fleet_use_.node);
  command->add_flag("--off", fleet_use_.off,
                    "place guests on it as on the others");
  take_consent(command, fleet_use_.consent);
  choose(command, [this] { return fleet_reserve(global_, fleet_use_); });

  add_fleet_quota(fleet);
}

void CommandLine::add_fleet_quota(Command fleet) {
  auto* command = fleet->add_subcommand(
      "quota", "what the guests of owners may come to, and what they do");
  command->add_option("OWNER", fleet_quota_.owner, "all of them unless given")
      ->type_name("");
  auto* none =
      command->add_flag("--none", fleet_quota_.none, "take the quota away");
  command->add_option("--guests", fleet_quota_.guests, "at most so many")
      ->check(CLI::Range(0, quota_count_max).description(""))
      ->excludes(none)
      ->type_name("COUNT");
  command
      ->add_option("--memory", fleet_quota_.memory,
                   "of all together, QEMU's own included")
      ->excludes(none)
      ->type_name("SIZE");
  command->add_option("--vcpus", fleet_quota_.vcpus, "of all together")
      ->check(CLI::Range(0, quota_count_max).description(""))
      ->excludes(none)
      ->type_name("COUNT");
  take_consent(command, fleet_quota_.consent);
  command->footer(
      "A quota that is set is the whole of it: what is not given has no "
      "bound.\n" +
      program_.get_footer());
  choose(command, [this] { return fleet_quota(global_, fleet_quota_); });
}

}  // namespace ppn::ctl
