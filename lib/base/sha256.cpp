#include "base/sha256.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "base/error.hpp"
#include "base/ids.hpp"

namespace video {
namespace {

EVP_MD_CTX* of(const auto& context) {
  return static_cast<EVP_MD_CTX*>(context.get());
}

void require(int done) {
  if (done != 1) throw Error(Fault::internal, "hash function failed");
}

}  // namespace

void Hash::Free::operator()(void* context) const noexcept {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context));
}

Hash::Hash(HashFunction function) : context_(EVP_MD_CTX_new()) {
  const EVP_MD* const kind = function == HashFunction::sha1 ? EVP_sha1() : EVP_sha256();
  require(context_ ? EVP_DigestInit_ex(of(context_), kind, nullptr) : 0);
}

Hash::Hash(const Hash& other) : context_(EVP_MD_CTX_new()) {
  require(context_ ? EVP_MD_CTX_copy_ex(of(context_), of(other.context_)) : 0);
}

Hash& Hash::operator=(const Hash& other) {
  return *this = Hash(other);
}

void Hash::add(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(of(context_), bytes.data(), bytes.size()));
}

std::string Hash::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  require(EVP_DigestFinal_ex(of(context_), digest.data(), &length));
  return toHex({reinterpret_cast<const char*>(digest.data()), length});
}

void checkSha256(std::string_view field, std::string_view text) {
  if (text.size() != 64 || text.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    throw Error(Fault::malformed, fmt::format("{}: must be 64 lower-case hex digits", field));
}

}  // namespace video
