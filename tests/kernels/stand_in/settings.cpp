// settings: reads ICEFOLD_STAND_IN.

#include "settings.hpp"

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "abi.hpp"

namespace {

uint64_t number(const std::string& text) {
    char* unit = nullptr;
    const uint64_t value = strtoull(text.c_str(), &unit, 10);
    switch (*unit) {
        case 'K': return value << 10;
        case 'M': return value << 20;
        case 'G': return value << 30;
        default: return value;
    }
}

void set(Settings& all, const std::string& name, const std::string& value) {
    const uint64_t n = number(value);
    const int i = static_cast<int>(n);
    if (name == "devices") all.devices = i;
    else if (name == "memory") all.memory = n;
    else if (name == "used") all.used = n;
    else if (name == "version") all.version = i;
    else if (name == "capability") all.capability = i;
    else if (name == "init") all.init = i;
    else if (name == "retain") all.retain = i;
    else if (name == "module") all.module = i;
    else if (name == "code") all.code = i;
    else if (name == "allocation_fails") all.allocation_fails = n;
    else if (name == "allocation_fails_times") all.allocation_fails_times = n;
    else if (name == "pinning_fails") all.pinning_fails = n;
    else if (name == "launch_fails") all.launch_fails = n;
    else if (name == "seed") all.seed = n;
    else if (name == "remember") all.remember = n != 0;
    else if (name == "spoils") all.spoils = value;
    else if (name == "hangs") all.hangs = value;
    else if (name == "ptx") all.ptx = value;
    else if (name == "log") all.log = value;
    else {
        fprintf(stderr, "stand-in for the driver: there is no setting '%s'\n", name.c_str());
        abort();
    }
}

Settings parsed(const char* text) {
    Settings all;
    std::stringstream settings(text ? text : "");
    for (std::string setting; std::getline(settings, setting, ',');) {
        const size_t equals = setting.find('=');
        const bool named = equals != std::string::npos;
        set(all, setting.substr(0, equals), named ? setting.substr(equals + 1) : "1");
    }
    return all;
}

Settings& all_settings() {
    static Settings all = parsed(getenv("ICEFOLD_STAND_IN"));
    return all;
}

}  // namespace

const Settings& settings() { return all_settings(); }

// Other settings, before anything else is called.
ENTRY_POINT int icefold_stand_in_set(const char* text) {
    all_settings() = parsed(text);
    return 0;
}
