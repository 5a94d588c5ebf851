#include "base/cursor.hpp"

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "fuzz.hpp"

using fuzz::holds;
using namespace video;

namespace {

void run(fuzz::Input in) {
  const std::size_t keys = in.byte() % 4 + 1;
  const std::string text = in.rest();
  try {
    const auto read = readCursor(text, keys);
    holds(read.size() == keys, "a cursor has as many keys as were asked for", text);
    for (const std::string& key : read) holds(isUtf8(key), "a key is UTF-8", key);
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed, "a cursor is refused as malformed", error.what());
  }
  holds(fromBase64Url(toBase64Url(text)) == text, "base64url is read as it was written", text);
  if (!isUtf8(text) || text.find('\x1f') != std::string::npos) return;
  const std::vector<std::string> both{text, "b"};
  holds(readCursor(makeCursor({text, "b"}), 2) == both, "a cursor is read as it was made", text);
}

const fuzz::Target target{"cursor", run};

}  // namespace
