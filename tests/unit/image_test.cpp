// What guests are made of and run by, as it is recorded.
#include "events/image.hpp"

#include "events/acceleration.hpp"
#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

using events::Acceleration;
using events::Image;
using events::Images;
using schema::DiskFormat;
using schema::Event;

namespace {

const Image some_image{"debian-12", 3'000'000'000, DiskFormat::qcow2};

/// Each of the name, under a digest of its own.
Images images_called(const std::vector<std::string>& names) {
  Images images;
  for (const auto& name : names) {
    auto number = static_cast<std::uint8_t>(0x10 + images.size());
    images[image_digest(number)] = {name, 1, DiskFormat::raw};
  }
  return images;
}

std::string found(const Images& images, std::string_view meant) {
  auto result = events::find_image(images, meant);
  const auto* digest = std::get_if<Hash>(&result);
  return digest == nullptr ? std::get<events::Refusal>(result).reason
                           : images.at(*digest).name;
}

schema::ImageAddedT added(std::uint8_t number, const std::string& name) {
  schema::ImageAddedT event;
  event.digest = std::make_unique<schema::Hash>(image_digest(number).stored());
  event.name = name;
  return event;
}

schema::ImageRemovedT removed(std::uint8_t number) {
  schema::ImageRemovedT event;
  event.digest = std::make_unique<schema::Hash>(image_digest(number).stored());
  return event;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(image)

// -- images -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_image_is_recorded_once) {
  VmRecord record;
  auto decide = [&](const Image& image) {
    return events::decide_image(record.state().images, image_digest(1), image);
  };
  BOOST_TEST(drafts_of(decide(some_image)).at(0).stream == "pool");
  BOOST_TEST((record.record(decide(some_image)) == Kinds{Event::ImageAdded}));
  BOOST_TEST((record.state().images.at(image_digest(1)) == some_image));
  // The same by another name is the same.
  BOOST_TEST(drafts_of(decide({"other", 1, DiskFormat::raw})).empty());
}

BOOST_AUTO_TEST_CASE(the_name_of_an_image_can_be_printed) {
  for (const auto* name : {"a", "debian-12.qcow2", "~!\"#", "../../etc/passwd"})
    BOOST_TEST(events::is_image_name(name), name);
  for (const auto* name :
       {"", " ", "a b", "a\n", "\x1b[2J", "\x7f", "\xc3\xa4"})
    BOOST_TEST(!events::is_image_name(name), name);
  BOOST_TEST(events::is_image_name(std::string(120, 'a')));
  BOOST_TEST(!events::is_image_name(std::string(121, 'a')));
  BOOST_TEST(mentions(refusal_of(events::decide_image(
                          {}, image_digest(1), {"a b", 1, DiskFormat::raw})),
                      "the name of an image is 1 to 120"));
}

BOOST_AUTO_TEST_CASE(an_image_stays_while_a_guest_is_made_of_it) {
  VmRecord record;
  record.record(events::decide_image({}, image_digest(1), some_image));
  auto decide = [&](const std::optional<std::string>& user) {
    return events::decide_image_gone(record.state().images, image_digest(1),
                                     user);
  };
  BOOST_TEST(
      mentions(refusal_of(decide("web")), "the guest web is made of it"));
  BOOST_TEST((record.record(decide({})) == Kinds{Event::ImageRemoved}));
  BOOST_TEST(record.state().images.empty());
  BOOST_TEST(mentions(refusal_of(decide({})), "there is no image"));
}

BOOST_AUTO_TEST_CASE(an_image_comes_and_goes_in_turn) {
  VmRecord record;
  BOOST_TEST(mentions(record(removed(1)), "no such image"));
  BOOST_TEST(mentions(record(added(1, "a b")), "name of the image is none"));
  BOOST_TEST(record.state().images.empty());
  BOOST_TEST(record(added(1, "a")) == "");
  BOOST_TEST(mentions(record(added(1, "b")), "there already"));
  BOOST_TEST(record(removed(1)) == "");
  BOOST_TEST(record(added(1, "b")) == "");
}

BOOST_AUTO_TEST_CASE(an_image_is_found_by_its_name_or_digest) {
  auto images = images_called({"kernel", "initrd"});
  BOOST_TEST(found(images, "initrd") == "initrd");
  BOOST_TEST(found(images, image_digest(0x10).hex()) == "kernel");
  BOOST_TEST(found(images, "1111") == "initrd");
  // So few letters are a slip as likely as not.
  for (const auto* meant : {"", "111", "kern", "2222"})
    BOOST_TEST(mentions(found(images, meant), "ppnctl image list"), meant);
}

BOOST_AUTO_TEST_CASE(of_several_images_the_operator_says_which) {
  auto images = images_called({"same", "same", "1010"});
  BOOST_TEST(mentions(found(images, "same"), "several images"));
  BOOST_TEST(mentions(found(images, "1010"), "several images"));
  BOOST_TEST(found(images, "10101") == "same");
}

BOOST_AUTO_TEST_CASE(no_image_takes_the_place_of_another_by_its_name) {
  auto images = images_called({"kernel", image_digest(0x10).hex()});
  BOOST_TEST(found(images, image_digest(0x10).hex()) == "kernel");
}

// -- acceleration -------------------------------------------------------------

namespace {

const Acceleration some_proof{
    "tcg",
    {{"kvm", false, "the guest did not run"}, {"tcg", true, "the guest ran"}},
    "QEMU 7.2",
    "Linux 6.1"};

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_proved_is_recorded_when_it_is_news) {
  VmRecord record;
  auto decide = [&](const Acceleration& seen) {
    return events::decide_proved(record.state().acceleration, seen);
  };
  BOOST_TEST(drafts_of(decide(some_proof)).at(0).stream == "pool");
  record.record(decide(some_proof));
  BOOST_TEST((record.state().acceleration == some_proof));
  BOOST_TEST(drafts_of(decide(some_proof)).empty());
  // It does not work any more, or for another reason than before.
  Acceleration none{"", {{"tcg", false, "no"}}, "QEMU 8", "Linux 6.1"};
  record.record(decide(none));
  BOOST_TEST((record.state().acceleration == none));
}

BOOST_AUTO_TEST_CASE(a_proof_holds_for_one_qemu_and_one_kernel) {
  BOOST_TEST(some_proof.is_of("QEMU 7.2", "Linux 6.1"));
  BOOST_TEST(!some_proof.is_of("QEMU 8", "Linux 6.1"));
  BOOST_TEST(!some_proof.is_of("QEMU 7.2", "Linux 6.12"));
  BOOST_TEST(!Acceleration{}.is_of("", ""));
}

BOOST_AUTO_TEST_CASE(hardware_shows_itself_where_qemu_can_and_else_all_it_can) {
  for (const auto* accelerator : {"kvm", "hvf"})
    BOOST_TEST(events::cpu_model_of(accelerator) == "host");
  for (const auto* accelerator : {"nvmm", "tcg"})
    BOOST_TEST(events::cpu_model_of(accelerator) == "max");
}

/// A few bytes can say the same thing any number of times.
BOOST_AUTO_TEST_CASE(no_qemu_has_any_number_of_accelerators) {
  VmRecord record;
  auto many = some_proof;
  many.tried.resize(17, {"tcg", true, ""});
  BOOST_TEST(mentions(record(events::stored(many)), "so many accelerators"));
  many.tried.resize(16);
  BOOST_TEST(record(events::stored(many)) == "");
  BOOST_TEST((record.state().acceleration == many));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
