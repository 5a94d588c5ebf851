#include "access/passwords.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.hpp"

namespace video::access {
namespace {

void check(std::string_view password, std::size_t shortest) {
  if (password.size() < shortest)
    throw Error(Fault::malformed, fmt::format("pwd: must have at least {} bytes", shortest));
  if (password.size() > Passwords::longest)
    throw Error(Fault::malformed, fmt::format("pwd: must have at most {} bytes", Passwords::longest));
  if (password.find('\0') != std::string_view::npos) throw Error(Fault::malformed, "pwd: must not contain NUL");
}

// Returns a parameter of a hash: `$argon2id$v=19$m=KIB,t=PASSES,p=1$…`.
unsigned long long numberIn(std::string_view hash, std::string_view mark) {
  unsigned long long value = 0;
  const std::size_t at = hash.find(mark);
  if (at != std::string_view::npos) std::from_chars(hash.data() + at + mark.size(), hash.data() + hash.size(), value);
  return value;
}

}  // namespace

Passwords::Passwords(const AccessOptions& options)
    : shortest_(options.minPassword),
      operations_(std::max<unsigned long long>(options.passwordOpslimit, crypto_pwhash_OPSLIMIT_MIN)),
      memory_(std::max<std::size_t>(options.passwordMemlimit, crypto_pwhash_MEMLIMIT_MIN)),
      threads_(options.passwordParallel, mostWaiting) {
  if (sodium_init() < 0) throw Error(Fault::internal, "libsodium: cannot be initialised");
}

std::string Passwords::hash(const Asker& asker, std::string_view password) {
  check(password, shortest_);
  std::string made;
  threads_.run(asker, [&] { made = compute(password, operations_); });
  return made;
}

Verified Passwords::verify(const Asker& asker, std::string_view hash, std::string_view password) {
  check(password, 0);
  Verified verified;
  threads_.run(asker, [&] {
    const unsigned long long kib = numberIn(hash, "$m=");
    const unsigned long long passes = numberIn(hash, ",t=");
    verified.right =
        !hash.empty() && crypto_pwhash_str_verify(std::string(hash).c_str(), password.data(), password.size()) == 0;
    if (verified.right) {
      if (kib < memory_ / 1024 || passes < operations_) verified.newHash = compute(password, operations_);
      return;
    }
    // The time taken must not reveal which names exist.
    const unsigned long long wanted = operations_ * (memory_ / 1024);
    if (kib * passes >= wanted) return;
    compute(password, std::max<unsigned long long>((wanted - kib * passes) / (memory_ / 1024), 1));
  });
  return verified;
}

std::string Passwords::compute(std::string_view password, unsigned long long operations) const {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), operations, memory_,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    throw Error(Fault::internal, "password: not enough memory to hash it");
  return text.data();
}

}  // namespace video::access
