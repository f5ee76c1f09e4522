#include "runtime/rejoin_documents.hpp"

#include "store/note.hpp"

namespace ppn::runtime {

namespace {

using schema::Json;

constexpr auto last_error_code =
    static_cast<std::uint8_t>(store::ErrorCode::permission);

/// A field of that type; nothing without one.
template <class T>
std::optional<T> field(const Json& json, const char* name,
                       bool (Json::*is_kind)() const noexcept) {
  if (!json.is_object() || !json.contains(name)) return std::nullopt;
  const auto& value = json[name];
  if (!(value.*is_kind)()) return std::nullopt;
  return value.get<T>();
}

auto text(const Json& json, const char* name) {
  return field<std::string>(json, name, &Json::is_string);
}

auto number(const Json& json, const char* name) {
  return field<std::uint64_t>(json, name, &Json::is_number_unsigned);
}

auto flag(const Json& json, const char* name) {
  return field<bool>(json, name, &Json::is_boolean);
}

Json to_json(const store::Error& fault) {
  return {{"code", static_cast<std::uint8_t>(fault.code)},
          {"message", fault.message}};
}

Json to_json(const store::Remains& remains) {
  return {{"node", remains.node.hex()},
          {"name", remains.name},
          {"checkpoint", remains.checkpoint},
          {"size", remains.size},
          {"verified", remains.is_verified}};
}

std::optional<store::Error> read_fault(const Json& json) {
  auto code = number(json, "code");
  auto message = text(json, "message");
  if (!code || *code > last_error_code || !message) return std::nullopt;
  return store::Error{static_cast<store::ErrorCode>(*code), *message};
}

std::optional<store::Remains> read_remains(const Json& json) {
  auto node = NodeId::parse_hex(text(json, "node").value_or(""));
  auto name = text(json, "name");
  auto checkpoint = text(json, "checkpoint");
  auto size = number(json, "size");
  auto verified = flag(json, "verified");
  if (!node || !name || !checkpoint || !size || !verified) return std::nullopt;
  if (!store::parse_checkpoint(*checkpoint)) return std::nullopt;
  return store::Remains{*node, *name, *checkpoint, *size, *verified};
}

/// Of how many entries the last checkpoint is.
std::uint64_t size_of(const store::Founding& founding) {
  auto checkpoint = store::parse_checkpoint(founding.rejoin->last_checkpoint);
  return checkpoint ? checkpoint->head.size : 0;
}

}  // namespace

Json to_json(const OldIdentity& old) {
  return {{"fault", old.fault ? to_json(*old.fault) : Json()},
          {"remains", old.remains ? to_json(*old.remains) : Json()}};
}

store::Result<OldIdentity> read_old_identity(const Json& json) {
  store::Error nonsense{store::ErrorCode::damaged,
                        "who read it says nothing that makes sense"};
  if (!json.is_object() || !json.contains("fault") || !json.contains("remains"))
    return nonsense;
  OldIdentity old{read_fault(json["fault"]), read_remains(json["remains"])};
  if (old.fault.has_value() == json["fault"].is_null() ||
      old.remains.has_value() == json["remains"].is_null())
    return nonsense;
  return old;
}

Json rejoin_plan_document(const store::StateDirectory& directory,
                          const RejoinPlan& plan) {
  const auto& rejoin = *plan.founding.rejoin;
  const auto& remains = plan.old.remains;
  return {{"schema", "ppn.rejoin-plan.v1"},
          {"state_dir", directory.root.string()},
          {"node", rejoin.replaces.hex()},
          {"name", plan.founding.node_name},
          {"name_told", plan.is_begun || !remains->name.empty()},
          {"begun", plan.is_begun},
          {"lost", plan.is_lost()},
          {"why", plan.old.fault ? Json(plan.old.fault->message) : Json()},
          {"checkpoint_size", size_of(plan.founding)},
          {"checkpoint_verified", plan.is_begun || remains->is_verified},
          {"former", directory.former(rejoin.replaces).root.string()}};
}

Json rejoin_document(const store::StateDirectory& directory,
                     const store::Founding& founding,
                     const store::LedgerPosition& position) {
  const auto& rejoin = *founding.rejoin;
  return {{"schema", "ppn.rejoin.v1"},
          {"state_dir", directory.root.string()},
          {"node", position.node.hex()},
          {"name", founding.node_name},
          {"key", position.keys.back().key.hex()},
          {"replaces", rejoin.replaces.hex()},
          {"checkpoint_size", size_of(founding)},
          {"former", directory.former(rejoin.replaces).root.string()}};
}

Json rejoin_refusal_document(const store::Error& error) {
  return {{"schema", "ppn.rejoin-refusal.v1"}, {"error", error.message}};
}

}  // namespace ppn::runtime
