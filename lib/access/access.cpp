#include "access/access.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <limits>

#include "access/cache.hpp"
#include "access/links.hpp"
#include "access/passwords.hpp"
#include "access/rows.hpp"
#include "access/upkeep.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "store/directory.hpp"

namespace video::access {
namespace {

using namespace std::chrono_literals;

// Lets scanners for leaked secrets know a token when they see one, and tells it from a session.
constexpr std::string_view tokenPrefix = "vdt_";
constexpr std::size_t secretLength = 43;  // 256 bits in base64url
constexpr std::chrono::milliseconds touchInterval = 1min;
constexpr std::string_view uploading = "upload";

bool isToken(std::string_view secret) {
  return secret.starts_with(tokenPrefix);
}

SecretKey keyOf(std::string_view secret) {
  SecretKey key;
  crypto_hash_sha256(key.data(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  return key;
}

std::string hexOf(const SecretKey& key) {
  return toHex({reinterpret_cast<const char*>(key.data()), key.size()});
}

// A browser sends a cookie by itself, so that one which is over asks for nothing; another secret was meant.
Identity refuse(const Secret& secret) {
  if (secret.cookie) return {};
  throw Error(Fault::unauthenticated, "session or token: unknown, ended or expired");
}

// What no secret of ours looks like is refused without asking the database.
bool hasForm(std::string_view secret) {
  return secret.size() == secretLength + (isToken(secret) ? tokenPrefix.size() : 0);
}

std::optional<rows::Known> findSecret(store::Reader& reader, std::string_view secret, std::string_view hash) {
  return isToken(secret) ? rows::findToken(reader, hash) : rows::findSession(reader, hash);
}

bool hasExpired(const rows::Known& known, Time now) {
  return known.expires && *known.expires <= now;
}

Identity identityOf(const rows::Known& known, std::string_view secret) {
  return {.kind = isToken(secret) ? Identity::Kind::token : Identity::Kind::session,
          .user = known.user,
          .userName = known.userName,
          .role = known.role,
          .scope = known.scope,
          .expires = known.expires};
}

Identity operatorOf(store::Reader& reader, std::string_view name) {
  if (!isUserName(name)) throw Error(Fault::notFound, "user: not found");
  const auto known = rows::findUser(reader, name);
  if (!known) throw Error(Fault::notFound, fmt::format("user {}: not found", name));
  return {.kind = Identity::Kind::operator_, .user = known->user, .userName = known->userName, .role = known->role};
}

// Who a credential without a secret is; nothing where the rows must be asked.
std::optional<Identity> plainIdentity(const Credential& by) {
  if (std::holds_alternative<Anonymous>(by)) return Identity{};
  if (std::holds_alternative<SignedLink>(by)) return Identity{.kind = Identity::Kind::link};
  if (const auto* operator_ = std::get_if<Operator>(&by); operator_ != nullptr && !operator_->as)
    return Identity{.kind = Identity::Kind::operator_};
  return std::nullopt;
}

}  // namespace

struct Access::Inside {
  Inside(store::Database& wantedDatabase, const Options& wanted, const Clock& wantedClock)
      : database(wantedDatabase),
        options(wanted),
        clock(wantedClock),
        passwords(wanted),
        cache(wanted.sessionCache),
        upkeep(wantedDatabase, cache) {}

  store::Database& database;
  const Options options;
  const Clock& clock;
  Passwords passwords;
  Cache cache;
  Upkeep upkeep;

  // A session is extended when this much of it is used: of one that is shorter than two minutes, half.
  std::chrono::milliseconds extendAfter() const { return std::min(touchInterval, options.sessionTtl / 2); }

  Identity identifySecret(const Secret& by) {
    const std::string& secret = by.text;
    if (!hasForm(secret)) return refuse(by);
    const SecretKey key = keyOf(secret);
    const Time now = clock.now();
    auto found = database.read([&](store::Reader& reader) {
      // The epoch itself, not data_version first: to ask a pooled connection for either costs the same.
      auto cached = cache.find(key, rows::epoch(reader), now);
      return cached ? std::move(cached) : readSecret(reader, key, secret, now);
    });
    if (!found) return refuse(by);
    if (found->touch) touch(found->identity.kind, key, now);
    found->identity.secretHash = hexOf(key);
    return std::move(found->identity);
  }

  std::optional<Cache::Found> readSecret(store::Reader& reader, const SecretKey& key, std::string_view secret,
                                         Time now) {
    const auto known = findSecret(reader, secret, hexOf(key));
    if (!known || hasExpired(*known, now)) {
      cache.drop(key);
      if (known && !isToken(secret)) upkeep.add({Upkeep::Note::What::expired, key, now});
      return std::nullopt;
    }
    Cache::Entry entry{.identity = identityOf(*known, secret), .epoch = known->epoch};
    if (isToken(secret)) {
      entry.touchInterval = touchInterval;
      entry.nextTouch = known->lastUsed ? *known->lastUsed + touchInterval : now;
    } else {
      entry.touchInterval = extendAfter();
      entry.nextTouch = options.slidingSessions ? *known->expires - options.sessionTtl + extendAfter() : Time::max();
    }
    Cache::Found found{entry.identity, now >= entry.nextTouch};
    if (found.touch) entry.nextTouch = now + entry.touchInterval;
    cache.put(key, std::move(entry));
    return found;
  }

  void touch(Identity::Kind kind, const SecretKey& key, Time now) {
    if (kind == Identity::Kind::token)
      upkeep.add({Upkeep::Note::What::used, key, now});
    else
      upkeep.add({Upkeep::Note::What::extended, key, now + options.sessionTtl});
  }
};

Access::Access(store::Database& database, const Options& options, const Clock& clock)
    : inside_(std::make_unique<Inside>(database, options, clock)) {}

Access::~Access() = default;

Identity Access::identify(const Credential& by) {
  if (const auto* secret = std::get_if<Secret>(&by)) return inside_->identifySecret(*secret);
  if (auto plain = plainIdentity(by)) return std::move(*plain);
  return inside_->database.read([&](store::Reader& reader) { return operatorOf(reader, *std::get<Operator>(by).as); });
}

Identity Access::identify(store::Transaction& transaction, const Credential& by) {
  if (auto plain = plainIdentity(by)) return std::move(*plain);
  if (const auto* operator_ = std::get_if<Operator>(&by)) return operatorOf(transaction, *operator_->as);
  const std::string& secret = std::get<Secret>(by).text;
  if (!hasForm(secret)) return refuse(std::get<Secret>(by));
  std::string hash = hexOf(keyOf(secret));
  const auto known = findSecret(transaction, secret, hash);
  if (!known || hasExpired(*known, now())) return refuse(std::get<Secret>(by));
  Identity who = identityOf(*known, secret);
  who.secretHash = std::move(hash);
  return who;
}

std::string Access::hashPassword(std::string_view password) {
  return inside_->passwords.hash(password);
}

bool Access::verifyPassword(std::string_view hash, std::string_view password) {
  return inside_->passwords.verify(hash, password);
}

NewSession Access::startSession(store::Transaction& transaction, UserId user, std::string_view userName) {
  NewSession made{makeSecret(), std::string(userName)};
  const Time created = now();
  rows::addSession(transaction, hexOf(keyOf(made.secret)), user, userName, created,
                   created + inside_->options.sessionTtl);
  return made;
}

CreatedToken Access::createToken(store::Transaction& transaction, UserId user, std::string_view label, Scope scope,
                                 std::optional<Time> expires) {
  checkText("label", label, 1, 100);
  const Time created = now();
  if (expires && *expires <= created) throw Error(Fault::malformed, "expires: must be in the future");
  CreatedToken made;
  made.token = fmt::format("{}{}", tokenPrefix, makeSecret());
  made.id = rows::addToken(transaction, hexOf(keyOf(made.token)), user, label, scope, created, expires);
  made.label = label;
  made.scope = scope;
  if (expires) made.expires = *expires;
  return made;
}

void Access::end(store::Transaction& transaction, const Identity& who) {
  std::int64_t ended = 0;
  if (who.kind == Identity::Kind::session) ended = rows::removeSession(transaction, who.secretHash);
  if (who.kind == Identity::Kind::token) ended = rows::removeToken(transaction, std::string_view(who.secretHash));
  if (ended > 0) rows::bumpEpoch(transaction);
}

void Access::endToken(store::Transaction& transaction, const TokenId& id) {
  if (rows::removeToken(transaction, id) == 0)
    throw Error(Fault::notFound, fmt::format("token {}: not found", id.text));
  rows::bumpEpoch(transaction);
}

UserId Access::tokenOwner(store::Reader& reader, const TokenId& id) {
  const auto found = rows::findTokenOwner(reader, id);
  if (!found) throw Error(Fault::notFound, fmt::format("token {}: not found", id.text));
  return *found;
}

void Access::endAll(store::Transaction& transaction, UserId user) {
  rows::removeSessionsOf(transaction, user);
  rows::removeTokensOf(transaction, user);
  // Also where none was left: what ends here is a right, and callers end it before they change the user.
  rows::bumpEpoch(transaction);
}

void Access::rightsChanged(store::Transaction& transaction) {
  rows::bumpEpoch(transaction);
}

bool Access::needsSweep() {
  return inside_->database.read([this](store::Reader& reader) { return rows::hasExpiredSession(reader, now()); });
}

std::int64_t Access::sweep(store::Transaction& transaction, std::int64_t limit) {
  return rows::removeExpiredSessions(transaction, now(), limit);
}

std::string Access::uploadLink(const VideoId& video) {
  return makeLink(inside_->database.directory().signingKey(), noShare, video, uploading,
                  now() + inside_->options.uploadLinkTtl);
}

void Access::checkUploadLink(const SignedLink& link, const VideoId& video) {
  checkLink(inside_->database.directory().signingKey(), link, video, uploading, now());
}

const Options& Access::options() const {
  return inside_->options;
}

Time Access::now() const {
  return inside_->clock.now();
}

}  // namespace video::access
