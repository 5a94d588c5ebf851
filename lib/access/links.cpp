#include "access/links.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>

#include "base/error.hpp"

namespace video::access {
namespace {

const unsigned char* bytesOf(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string signatureOf(std::string_view key, std::string_view share, const VideoId& video, std::string_view what,
                        std::string_view expires) {
  std::string signedText;
  // Each part is preceded by its length, so that different links never have the same text.
  for (const std::string_view part : {share, std::string_view(video.text), what, expires})
    signedText += fmt::format("{}:{},", part.size(), part);
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> code{};
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytesOf(key), key.size());
  crypto_auth_hmacsha256_update(&state, bytesOf(signedText), signedText.size());
  crypto_auth_hmacsha256_final(&state, code.data());
  return toBase64Url({reinterpret_cast<const char*>(code.data()), code.size()});
}

}  // namespace

std::string uploadUrlOf(UserId owner) {
  return fmt::format("{}.{}", noShare, owner.value);
}

bool isUploadUrl(std::string_view share) noexcept {
  return share == noShare || (share.starts_with(noShare) && share.substr(noShare.size()).starts_with('.'));
}

std::string makeLink(std::string_view key, std::string_view share, const VideoId& video, std::string_view what,
                     Time expires) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(expires).time_since_epoch().count();
  const std::string text = fmt::format("{}", seconds);
  return fmt::format("?{}={}&{}={}&{}={}", credential_names::linkShare, share, credential_names::linkExpires, text,
                     credential_names::linkSignature, signatureOf(key, share, video, what, text));
}

void checkLink(std::string_view key, const SignedLink& link, const VideoId& video, std::string_view what, Time now) {
  const std::string wanted = signatureOf(key, link.share, video, what, link.expires);
  const bool genuine =
      link.signature.size() == wanted.size() && sodium_memcmp(link.signature.data(), wanted.data(), wanted.size()) == 0;
  std::int64_t seconds = 0;
  const char* end = link.expires.data() + link.expires.size();
  const auto [read, fault] = std::from_chars(link.expires.data(), end, seconds);
  if (!genuine || fault != std::errc() || read != end)
    throw Error(Fault::forbidden, "link: signature is not valid for this request");
  if (std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count() >= seconds)
    throw Error(Fault::forbidden, "link: has expired");
}

}  // namespace video::access
