// What the control API does about guests and images.
#include <fmt/format.h>
#include <pwd.h>

#include <cerrno>
#include <vector>

#include "runtime/api.hpp"
#include "runtime/api_former.hpp"
#include "runtime/api_pool.hpp"
#include "runtime/api_vm.hpp"
#include "runtime/log.hpp"

namespace ppn::runtime {

namespace {

using actors::BalloonStatusPtr;
using actors::PoolStatusPtr;

constexpr unsigned accepted = 202;
const char* const pool_name = "pool";
const char* const balloon_name = "balloon";

/// The group of its own that a user has; nothing if the system does not know
/// that user.
std::optional<gid_t> primary_group(uid_t user) {
  constexpr std::size_t entry_size_usual = 4096;
  std::vector<char> buffer(entry_size_usual);
  passwd entry{};
  passwd* found = nullptr;
  while (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) ==
         ERANGE)
    buffer.resize(buffer.size() * 2);
  if (found == nullptr) return std::nullopt;
  return found->pw_gid;
}

/// Why a guest could not be; nothing if it could.
std::optional<Problem> refuse_define(const events::Pool& pool,
                                     const events::DefineVm& define) {
  auto decision = events::decide_define(pool, define);
  const auto* refusal = std::get_if<events::Refusal>(&decision);
  if (refusal == nullptr) return std::nullopt;
  return Problem{ProblemType::refused, refusal->reason};
}

}  // namespace

/// While the pool is brought back its part is left out.
void Api::report_guests(const std::shared_ptr<NodeReport>& report,
                        std::function<void()> then) {
  auto take = [report,
               then = std::move(then)](const Answer<PoolStatusPtr>& answer) {
    if (const auto* found = std::get_if<PoolStatusPtr>(&answer)) {
      const auto& status = **found;
      report->guests = guest_report(status.pool);
      // That a host can run none is nothing to one that has none.
      if (status.problem && !status.pool.vms.empty())
        report->warnings.push_back({"guests", *status.problem});
    }
    then();
  };
  node_.bridge().ask_kept<PoolStatusPtr, actors::PoolActor>(
      pool_name, look_patience, take, actors::status_atom::value);
}

void Api::ask_pool(Reply reply, PoolThen then) {
  node_.bridge().ask_kept<PoolStatusPtr, actors::PoolActor>(
      pool_name, look_patience,
      or_problem<PoolStatusPtr>(std::move(reply), std::move(then)),
      actors::status_atom::value);
}

/// The same about a guest that is there.
void Api::ask_vm(const Id& vm, Reply reply, PoolThen then) {
  auto find = [vm, then = std::move(then)](const PoolStatusPtr& status,
                                           const Reply& to) {
    if (status->pool.vms.contains(vm)) return then(status, to);
    to(to_response({ProblemType::not_found,
                    fmt::format("there is no guest {}", vm.hex())}));
  };
  ask_pool(std::move(reply), find);
}

// -- guests -------------------------------------------------------------------

void Api::answer_vms(Reply reply) {
  ask_own_address([this, reply = std::move(reply)](const MeshAddress& own) {
    ask_pool(reply, [own](const PoolStatusPtr& status, const Reply& to) {
      to(json_response(vms_document(*status, own)));
    });
  });
}

void Api::answer_vm(const Id& vm, Reply reply) {
  ask_own_address([this, vm, reply = std::move(reply)](const MeshAddress& own) {
    ask_vm(vm, reply, [vm, own](const PoolStatusPtr& status, const Reply& to) {
      to(json_response(vm_document(*status, vm, own)));
    });
  });
}

void Api::answer_pool(Reply reply) {
  auto with_pool = [this](const PoolStatusPtr& status, const Reply& to) {
    node_.bridge().ask_kept<BalloonStatusPtr, actors::BalloonActor>(
        balloon_name, look_patience,
        or_problem<BalloonStatusPtr>(
            to,
            [status](const BalloonStatusPtr& balloons, const Reply& then) {
              then(json_response(pool_document(*status, *balloons)));
            }),
        actors::status_atom::value);
  };
  ask_pool(std::move(reply), with_pool);
}

void Api::command_vm(const Id& vm, const events::VmCommand& command, uid_t peer,
                     Reply reply) {
  auto order = [this, vm, command, peer](const PoolStatusPtr& status,
                                         const Reply& to) {
    auto tell = [vm, command, peer, name = status->pool.vms.at(vm).name](
                    std::uint64_t sequence, const Reply& last) {
      log(LogLevel::info, "vm.commanded",
          {{"vm", vm.hex()},
           {"name", name},
           {"command", std::string{name_of(command.verb)}},
           {"uid", std::to_string(peer)},
           {"sequence", std::to_string(sequence)}});
      last(json_response(vm_command_document(vm, name, sequence)));
    };
    node_.bridge().ask_kept<std::uint64_t, actors::PoolActor>(
        pool_name, commit_patience, or_problem<std::uint64_t>(to, tell),
        actors::order_atom::value, vm, command, operator_of(peer));
  };
  ask_vm(vm, std::move(reply), order);
}

void Api::stop_vm(const Id& vm, std::string_view body, uid_t peer,
                  Reply reply) {
  auto command = read_vm_stop(body);
  if (const auto* problem = std::get_if<Problem>(&command))
    return reply(to_response(*problem));
  command_vm(vm, std::get<events::VmCommand>(command), peer, std::move(reply));
}

/// Keeps the user data of a guest that could be, and lets its spec tell so. The
/// data of one that could not is not even kept.
std::optional<Problem> Api::keep_user_data(const std::string& text,
                                           events::VmSpec& spec) const {
  if (!facts_.keep_user_data)
    return Problem{ProblemType::failed, "this node can keep no user data"};
  auto kept = facts_.keep_user_data(text);
  if (const auto* problem = std::get_if<Problem>(&kept)) return *problem;
  spec.cloud_init = std::get<Hash>(kept);
  return std::nullopt;
}

/// No body of a proposal is logged: one may have the user data of a guest.
void Api::propose(GuestWish wish, Reply reply) {
  auto resolve = [this, wish = std::move(wish)](const PoolStatusPtr& status,
                                                const Reply& to) {
    auto change = to_change(wish, status->pool);
    if (const auto* problem = std::get_if<Problem>(&change))
      return to(to_response(*problem));
    auto& changed = std::get<actors::Change>(change);
    const auto* create = std::get_if<CreateVmWish>(&wish);
    if (create != nullptr && create->user_data) {
      auto& define = std::get<events::DefineVm>(changed);
      auto problem = refuse_define(status->pool, define);
      if (!problem) problem = keep_user_data(*create->user_data, define.spec);
      if (problem) return to(to_response(*problem));
    }
    propose(std::move(changed), to);
  };
  ask_pool(std::move(reply), resolve);
}

// -- guests of the identity before --------------------------------------------

void Api::answer_former_guests(Reply reply) {
  ask_pool(std::move(reply),
           [this](const PoolStatusPtr& status, const Reply& to) {
             auto lives = [this](const Id& vm) {
               return lives_in(facts_.guest_run_dir / vm.hex());
             };
             to(json_response(former_guests_document(facts_.former.get(),
                                                     status->pool.vms, lives)));
           });
}

void Api::propose(const AdoptVmWish& wish, Reply reply) {
  auto none = Problem{
      ProblemType::refused,
      fmt::format("this node had no guest {} before; `ppnctl vm adopt` lists "
                  "those that it had",
                  wish.vm)};
  if (!facts_.former) return reply(to_response(none));
  auto found = events::find_vm(facts_.former->vms, wish.vm);
  const auto* vm = std::get_if<Id>(&found);
  if (vm == nullptr) return reply(to_response(none));
  // One that was adopted and deleted since has its entries here.
  auto unless_known = [this, vm = *vm](const actors::EntriesPtr& entries,
                                       const Reply& to) {
    if (!entries->empty())
      return to(to_response(
          {ProblemType::refused, "this node has adopted that guest already"}));
    propose(adoption_of(*facts_.former, vm, node_.id(),
                        facts_.guest_run_dir / vm.hex()),
            to);
  };
  node_.bridge().ask<actors::EntriesPtr>(
      node_.ledger(), look_patience,
      or_problem<actors::EntriesPtr>(std::move(reply), unless_known),
      actors::replay_atom::value, events::vm_stream(*vm), std::uint64_t{0});
}

// -- images -------------------------------------------------------------------

void Api::answer_images(Reply reply) {
  ask_pool(std::move(reply), [](const PoolStatusPtr& status, const Reply& to) {
    to(json_response(images_document(*status)));
  });
}

void Api::add_image(std::string_view body, uid_t peer, Reply reply) {
  auto read = read_image_add(body);
  if (const auto* problem = std::get_if<Problem>(&read))
    return reply(to_response(*problem));
  auto group = primary_group(peer);
  if (!group)
    return reply(to_response(
        {ProblemType::refused,
         fmt::format("this host knows no user {}, so it can not open a file as "
                     "that one could",
                     peer)}));
  const auto& wish = std::get<AddImageWish>(read);
  auto file = std::make_shared<const actors::AddImage>(
      actors::AddImage{wish.path, wish.name, peer, *group, operator_of(peer)});
  node_.bridge().ask_kept<Id, actors::PoolActor>(
      pool_name, commit_patience,
      or_problem<Id>(std::move(reply),
                     [](const Id& progress, const Reply& to) {
                       to(json_response(image_add_document(progress),
                                        accepted));
                     }),
      actors::take_atom::value, actors::AddImagePtr{file});
}

}  // namespace ppn::runtime
