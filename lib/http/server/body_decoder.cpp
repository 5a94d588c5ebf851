#include "http/server/body_decoder.hpp"

#include <algorithm>

#include "http/server/head_gate.hpp"

namespace video::http {

namespace {

constexpr std::uint16_t maxOverhead = 8 * 1024;

int hexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool isSpace(char c) {
  return c == ' ' || c == '\t';
}

bool isControl(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

}  // namespace

BodyDecoder::BodyDecoder(const Head& head) {
  if (head.chunked) {
    state_ = State::size;
  } else if (head.contentLength.value_or(0) > 0) {
    state_ = State::plain;
    left_ = *head.contentLength;
  }
}

std::optional<std::uint64_t> BodyDecoder::left() const noexcept {
  if (state_ == State::plain) return left_;
  if (state_ == State::done) return 0;
  return std::nullopt;
}

std::string_view BodyDecoder::take(std::string_view& bytes) {
  while (!bytes.empty() && state_ != State::done && state_ != State::broken) {
    if (state_ == State::plain || state_ == State::data) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      const std::string_view piece = bytes.substr(0, size);
      bytes.remove_prefix(size);
      left_ -= size;
      if (left_ == 0) state_ = state_ == State::plain ? State::done : State::dataReturn;
      return piece;
    }
    state_ = next(bytes.front());
    bytes.remove_prefix(1);
  }
  return {};
}

/// chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
BodyDecoder::State BodyDecoder::nextInExtension(char c) const {
  const bool canEnd =
      state_ == State::extensionName || state_ == State::extensionToken || state_ == State::extensionEnd;
  switch (state_) {
    case State::extensionStart:
      if (isSpace(c)) return state_;
      return isTokenByte(c) ? State::extensionName : State::broken;
    case State::extensionValue:
      if (isSpace(c)) return state_;
      if (c == '"') return State::extensionQuoted;
      return isTokenByte(c) ? State::extensionToken : State::broken;
    case State::extensionQuoted:
      if (c == '"') return State::extensionEnd;
      if (c == '\\') return State::extensionEscape;
      return isControl(c) ? State::broken : state_;
    case State::extensionEscape: return isControl(c) ? State::broken : State::extensionQuoted;
    default: break;
  }
  const bool isName = state_ == State::extensionName || state_ == State::extensionNameGap;
  if ((state_ == State::extensionName || state_ == State::extensionToken) && isTokenByte(c)) return state_;
  if (isName && c == '=') return State::extensionValue;
  if (isSpace(c)) return isName ? State::extensionNameGap : State::extensionGap;
  if (c == ';') return State::extensionStart;
  return canEnd && c == '\r' ? State::sizeEnd : State::broken;
}

BodyDecoder::State BodyDecoder::next(char c) {
  switch (state_) {
    case State::size: {
      if (const int value = hexValue(c); value >= 0) {
        if (++digits_ > 15) return State::broken;
        left_ = left_ * 16 + static_cast<std::uint64_t>(value);
        return State::size;
      }
      if (digits_ == 0) return State::broken;
      if (c == '\r') return State::sizeEnd;
      ++overhead_;
      if (isSpace(c)) return State::extensionGap;
      return c == ';' ? State::extensionStart : State::broken;
    }
    case State::sizeEnd:
      digits_ = 0;
      overhead_ = 0;
      if (c != '\n') return State::broken;
      return left_ > 0 ? State::data : State::trailerStart;
    case State::dataReturn: return c == '\r' ? State::dataEnd : State::broken;
    case State::dataEnd: return c == '\n' ? State::size : State::broken;
    case State::trailerStart:
      if (c == '\r') return State::lastEnd;
      return isTokenByte(c) && ++overhead_ <= maxOverhead ? State::trailerName : State::broken;
    case State::trailerName:
      if (++overhead_ > maxOverhead) return State::broken;
      if (c == ':') return State::trailerValue;
      return isTokenByte(c) ? State::trailerName : State::broken;
    case State::trailerValue:
      if (c == '\r') return State::trailerEnd;
      return isControl(c) || ++overhead_ > maxOverhead ? State::broken : State::trailerValue;
    case State::trailerEnd: return c == '\n' ? State::trailerStart : State::broken;
    case State::lastEnd: return c == '\n' ? State::done : State::broken;
    case State::done:
    case State::broken:
    case State::plain:
    case State::data: return State::broken;
    default: break;
  }
  if (c != '\r' && ++overhead_ > maxOverhead) return State::broken;
  return nextInExtension(c);
}

}  // namespace video::http
