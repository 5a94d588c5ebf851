#pragma once

// Classes that makers take and pass on, by name only: who calls a maker includes what it gives.

namespace video::access {
class Access;
}
namespace video::http {
class Client;
class Router;
struct CookieOptions;
}  // namespace video::http
namespace video::store {
class Blobs;
class Database;
}  // namespace video::store
