// The ceremony in the control API: what its requests ask for, and its
// documents. Knows no CAF.
#pragma once

#include <string_view>

#include "actors/messages.hpp"
#include "runtime/api_problem.hpp"
#include "schema/reflection_json.hpp"

namespace ppn::runtime {

/// The code has `symbols_usual` symbols unless the body says how many.
/// bad_request.
Answer<actors::PairingOfferWish> read_pairing_offer(std::string_view body,
                                                    std::size_t symbols_usual);

/// bad_request, also of what is no code: nothing is spent then.
Answer<actors::PairingApproval> read_pairing_approval(std::string_view body);

struct PairingDoorWish {
  /// 0 shuts it.
  std::uint32_t seconds = 0;
  std::optional<events::IpAddress> only_from = std::nullopt;
};
/// bad_request.
Answer<PairingDoorWish> read_pairing_door(std::string_view body);

schema::Json pairing_document(const actors::PairingStatus& status);
/// The one document that has the code.
schema::Json pairing_offer_document(const actors::ShownCode& shown);
schema::Json pairing_approval_document(const Id& session);
schema::Json pairing_admit_document(const Id& session);
schema::Json pairing_refuse_document(const Id& session);
schema::Json pairing_cancel_document(const Id& session);
schema::Json pairing_door_document(std::uint32_t seconds);

}  // namespace ppn::runtime
