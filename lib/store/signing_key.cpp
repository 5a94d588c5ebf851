#include "store/signing_key.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "os/files.hpp"

namespace video::store {
namespace {

constexpr const char* keyName = "signing.key";
constexpr std::size_t keySize = 32;
constexpr mode_t mode = 0600;

std::string makeKey() {
  std::string key(keySize, '\0');
  if (::getrandom(key.data(), key.size(), 0) != keySize) os::throwErrno(errno, "getrandom");
  return key;
}

}  // namespace

std::string SigningKey::read() {
  for (;;) {
    if (auto key = find()) return *std::move(key);
    os::writeFile(files_, folder_, keyName, makeKey(), mode, os::Existing::keep);
  }
}

std::optional<std::string> SigningKey::find() {
  const Descriptor file = os::openIfThere(files_, folder_, keyName, O_RDONLY);
  if (!file) return std::nullopt;
  std::string key(keySize + 1, '\0');
  const ssize_t size = ::read(file.number(), key.data(), key.size());
  if (size != keySize) throw Error(Fault::internal, "signing.key: must be 32 bytes");
  key.resize(keySize);
  return key;
}

void SigningKey::rotate() {
  set(makeKey());
}

void SigningKey::set(std::string_view key) {
  if (key.size() != keySize) throw Error(Fault::malformed, "signing.key: must be 32 bytes");
  if (find() == key) return;
  os::writeFile(files_, folder_, keyName, key, mode);
}

void SigningKey::removeUnfinished() {
  os::removeUnfinished(files_, folder_, keyName);
}

}  // namespace video::store
