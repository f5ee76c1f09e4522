// ppnctl mesh recover: whoever has the words of the recovery key makes this
// member the authority. The key does not leave this program.
#include "tools/ppnctl/mesh_recover.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/ppnctl/client.hpp"
#include "tools/ppnctl/consent.hpp"
#include "tools/ppnctl/fields.hpp"
#include "tools/ppnctl/mesh_change.hpp"
#include "tools/ppnctl/mesh_init.hpp"
#include "tools/ppnctl/recovery_key.hpp"
#include "tools/ppnctl/recovery_words.hpp"
#include "tools/ppnctl/secret_input.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::ctl {

namespace {

using schema::Json;

template <class Fixed>
Fixed read_fixed(Fields& fields, const Json& object, const char* name) {
  auto read = Fixed::parse_hex(fields.text(object, name));
  if (!read) fields.complain(name, "hexadecimal digits");
  return read.value_or(Fixed{});
}

void read_this_node(Fields& fields, const Json& member, Recoverable& read) {
  read.name = fields.text(member, "name");
  read.statement.authority = read_fixed<NodeId>(fields, member, "node");
  read.statement.key = read_fixed<PublicKey>(fields, member, "key");
}

void read_other(Fields& fields, const Json& member, Recoverable& read) {
  auto roles = fields.texts(member, "roles");
  auto authority = std::find(roles.begin(), roles.end(), "authority");
  if (authority == roles.end()) return;
  roles.erase(authority);
  read.old_authority = fields.text(member, "name");
  read.old_roles = std::move(roles);
}

Result<RecoveryKey> ask_for_key(const MeshRecoverOptions& options) {
  auto words =
      options.words_file
          ? SecretInput::of_file(*options.words_file)
          : SecretInput::of_terminal(
                fmt::format("The {} words of the recovery key; what you type "
                            "does not show:\n",
                            recovery_word_count),
                recovery_word_count);
  if (!words) return words.error();
  return RecoveryKey::of_words(words->text());
}

/// The consent of the key, which is gone when this returns.
Result<Signature> consent_of_key(const MeshRecoverOptions& options,
                                 const Recoverable& mesh) {
  auto key = ask_for_key(options);
  if (!key) return key.error();
  if (key->public_half() != mesh.recovery_key)
    return Failure{exit_refused,
                   fmt::format("these are the words of a recovery key, but not "
                               "of that of the mesh {}",
                               printable(mesh.mesh)),
                   "its words were shown once, when it was founded"};
  return key->sign(mesh.statement);
}

}  // namespace

Result<Recoverable> read_recoverable(const Json& document) {
  Fields fields{document, "ppn.mesh.v1"};
  const auto& json = fields.object_or_null("mesh");
  if (json.is_null() && fields.fault().empty())
    return Failure{exit_refused, "this node is in no mesh"};
  Recoverable read;
  read.mesh = fields.text(json, "name");
  read.recovery_key = read_fixed<PublicKey>(fields, json, "recovery_key");
  read.statement.mesh = read_fixed<Id>(fields, json, "id");
  read.statement.epoch = fields.number(json, "next_epoch");
  bool is_member = fields.flag(json, "member");
  for (const auto& member : fields.array(json, "members"))
    if (fields.flag(member, "self"))
      read_this_node(fields, member, read);
    else
      read_other(fields, member, read);
  if (fields.fault().empty() && !is_member)
    return Failure{exit_refused,
                   fmt::format("this node is no member of the mesh {} any more",
                               printable(read.mesh)),
                   "recover it on one that is"};
  return fields.unless_faulty(std::move(read));
}

std::string recovered_text(const Global& global, const Recoverable& before) {
  auto here = command_here(global);
  auto text = fmt::format("{} is the authority of {} now, in epoch {}\n",
                          printable(before.name), printable(before.mesh),
                          before.statement.epoch);
  if (before.old_authority) {
    auto old = printable(*before.old_authority);
    text += fmt::format("next, if {} is lost or in wrong hands:\n", old);
    for (const auto& role : before.old_roles)
      text +=
          fmt::format("  {} mesh move-role {} NODE\n", here, printable(role));
    text += fmt::format("  {} mesh remove {}\n", here, old);
  }
  return text + fmt::format(
                    "members that hear of it from nobody take it from a file:\n"
                    "  {} mesh export mesh.roster\n"
                    "and there:\n"
                    "  ppnctl mesh import mesh.roster\n",
                    here);
}

int mesh_recover(const Global& global, const MeshRecoverOptions& options) {
  if (auto failure = unable_to_ask(options.yes)) return fail(*failure);
  auto document = Client{global.socket}.get("/v1/mesh");
  if (!document) return fail(document.error());
  auto mesh = read_recoverable(*document);
  if (!mesh) return fail(mesh.error());
  auto signature = consent_of_key(options, *mesh);
  if (!signature) return fail(signature.error());
  auto proposed =
      post_proposal(global, recover_change(mesh->statement.epoch, *signature));
  if (!proposed) return fail(proposed.error());
  auto code = settle(global, {.propose = false, .yes = options.yes}, *proposed);
  if (code == exit_ok && !global.json)
    fmt::print("{}", recovered_text(global, *mesh));
  return code;
}

}  // namespace ppn::ctl
