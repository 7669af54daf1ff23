// modules: PTX as the driver takes it, and launches of its kernels, which the emulation runs.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <unistd.h>

#include "../emulated.hpp"
#include "call.hpp"

namespace {

// PTX ISA 8.0 is what CUDA 12.0 reads.
constexpr double NEWEST_PTX = 8.0;
constexpr unsigned THREADS = 256;
constexpr unsigned MOST_BLOCKS = 0x7fffffff;

// What follows `word` in a text, or nothing.
std::string_view after(std::string_view text, std::string_view word) {
    const size_t found = text.find(word);
    return found == std::string_view::npos ? std::string_view() : text.substr(found + word.size());
}

// Bytes of the parameters of an entry point; `text` begins behind its name.
std::vector<unsigned> parameters_of(std::string_view text) {
    std::vector<unsigned> bytes;
    std::string_view list = text.substr(0, text.find(')'));
    for (;;) {
        // `.param .u64 name`
        list = after(list, ".param .");
        if (list.empty()) {
            return bytes;
        }
        bytes.push_back(static_cast<unsigned>(atoi(list.data() + 1)) / 8);
    }
}

// Puts PTX where the settings say, under the name of its first entry point.
void keep(std::string_view ptx) {
    const std::string_view entry = after(ptx, ".entry ");
    const std::string name(entry.substr(0, entry.find('(')));
    if (settings().ptx.empty()) {
        return;
    }
    if (FILE* file = fopen((settings().ptx + "/" + name + ".ptx").c_str(), "w")) {
        fwrite(ptx.data(), 1, ptx.size(), file);
        fclose(file);
    }
}

// Makes the functions of a module; what is wrong with it.
Result read(Context& context, Module* module, std::string_view ptx) {
    keep(ptx);
    const int target = atoi(std::string(after(ptx, ".target sm_")).c_str());
    if (atof(std::string(after(ptx, ".version ")).c_str()) > NEWEST_PTX) {
        return 222;
    }
    if (target == 0 || target > settings().capability) {
        return target == 0 ? INVALID_PTX : NO_BINARY_FOR_GPU;
    }
    for (std::string_view rest = after(ptx, ".entry "); !rest.empty(); rest = after(rest, ".entry ")) {
        auto function = std::make_unique<Function>();
        function->context = &context;
        function->module = module;
        function->name = rest.substr(0, rest.find('('));
        function->parameter_bytes = parameters_of(rest);
        unsigned count = 0;
        const KernelParameter* known = icefold_parameters(function->name.c_str(), &count);
        bool same = known && count == function->parameter_bytes.size();
        for (unsigned i = 0; same && i < count; i++) {
            same = known[i].bytes == function->parameter_bytes[i];
        }
        if (!same) {
            MISUSE(INVALID_PTX, "the PTX of %s does not take what its source takes",
                   function->name.c_str());
        }
        context.functions.insert(std::move(function));
    }
    return SUCCESS;
}

// Bytes of a number at a place in machine code.
template <class T>
T number_at(const unsigned char* at) {
    T number;
    memcpy(&number, at, sizeof number);
    return number;
}

// Makes the functions of a module of machine code, whose sections are named after them; what is wrong with it.
Result read_code(Context& context, Module* module, const unsigned char* image) {
    // Where an ELF file says which device it is for depends on the version of its interface.
    const unsigned flags = number_at<uint32_t>(image + 0x30);
    const unsigned made_for = image[8] < 8 ? flags & 0xff : flags >> 8 & 0xff;
    if (static_cast<int>(made_for) > settings().capability
        || static_cast<int>(made_for) / 10 != settings().capability / 10) {
        return NO_BINARY_FOR_GPU;
    }
    const unsigned char* sections = image + number_at<uint64_t>(image + 0x28);
    const unsigned each = number_at<uint16_t>(image + 0x3a), all = number_at<uint16_t>(image + 0x3c);
    const unsigned char* names_section = sections + each * number_at<uint16_t>(image + 0x3e);
    const char* names = reinterpret_cast<const char*>(image + number_at<uint64_t>(names_section + 0x18));
    for (unsigned i = 0; i < all; i++) {
        const std::string_view name = names + number_at<uint32_t>(sections + i * each);
        if (name.substr(0, 6) != ".text.") {
            continue;
        }
        auto function = std::make_unique<Function>();
        function->context = &context;
        function->module = module;
        function->name = name.substr(6);
        unsigned count = 0;
        const KernelParameter* known = icefold_parameters(function->name.c_str(), &count);
        if (!known) {
            return INVALID_PTX;
        }
        for (unsigned j = 0; j < count; j++) {
            function->parameter_bytes.push_back(known[j].bytes);
        }
        context.functions.insert(std::move(function));
    }
    context.counts.machine_code++;
    return SUCCESS;
}

Function* function_of(const Context& context, const void* handle) {
    for (const auto& function : context.functions) {
        if (function.get() == handle) {
            return function.get();
        }
    }
    return nullptr;
}

uint64_t launches = 0;

// Runs a kernel, or fails as one that meets an illegal address half way.
void run(Context& context, const std::string& name, unsigned blocks, std::vector<uint64_t> words) {
    launches++;
    while (name == settings().hangs) {
        pause();
    }
    const bool fails = launches == settings().launch_fails;
    const char* wrong = icefold_emulate(
        name.c_str(), fails ? blocks / 2 : blocks, words.data(),
        static_cast<unsigned>(words.size()), noise());
    if (wrong) {
        misused("%s: %s", name.c_str(), wrong);
    }
    context.check_borders();
    unsigned count = 0;
    const KernelParameter* known = icefold_parameters(name.c_str(), &count);
    for (unsigned i = 0; i < count && name == settings().spoils; i++) {
        if (known[i].written) {
            *reinterpret_cast<unsigned char*>(words[i]) ^= 1;
            break;
        }
    }
    if (fails) {
        context.failed = ILLEGAL_ADDRESS;
    }
}

}  // namespace

ENTRY_POINT Result cuModuleLoadData(void** handle, const void* image) {
    BEGIN(call)
    if (settings().module != SUCCESS) {
        return settings().module;
    }
    auto module = std::make_unique<Module>();
    module->context = call.context;
    *handle = module.get();
    const auto* bytes = static_cast<const unsigned char*>(image);
    const bool is_code = memcmp(bytes, "\x7f" "ELF", 4) == 0;
    if (is_code && settings().code != SUCCESS) {
        return settings().code;
    }
    const Result wrong = is_code
        ? read_code(*call.context, module.get(), bytes)
        : read(*call.context, module.get(), static_cast<const char*>(image));
    call.context->modules.insert(std::move(module));
    return wrong;
}

ENTRY_POINT Result cuModuleUnload(void* handle) {
    BEGIN(call)
    Context& context = *call.context;
    for (auto it = context.functions.begin(); it != context.functions.end();) {
        it = (*it)->module == handle ? context.functions.erase(it) : std::next(it);
    }
    return SUCCESS;
}

ENTRY_POINT Result cuModuleGetFunction(void** handle, void* module, const char* name) {
    BEGIN(call)
    for (const auto& function : call.context->functions) {
        if (function->module == module && function->name == name) {
            *handle = function.get();
            return SUCCESS;
        }
    }
    return NOT_FOUND;
}

Result task_of_launch(Context& context, const KernelNodeParameters& launch, Task& task) {
    const Function* function = function_of(context, launch.function);
    if (!function) {
        MISUSE(INVALID_HANDLE, "a launch of a kernel of another context");
    }
    if (launch.x == 0 || launch.x > MOST_BLOCKS || launch.y != 1 || launch.z != 1 || launch.threads_x != THREADS
        || launch.threads_y != 1 || launch.threads_z != 1 || launch.shared != 0 || launch.extra
        || !launch.parameters) {
        MISUSE(INVALID_VALUE, "%s: %u, %u, %u blocks of %u, %u, %u threads", function->name.c_str(), launch.x,
               launch.y, launch.z, launch.threads_x, launch.threads_y, launch.threads_z);
    }
    task = Task();
    task.function = function;
    task.blocks = launch.x;
    for (size_t i = 0; i < function->parameter_bytes.size(); i++) {
        // As many bytes as the PTX says, wherever the pointer points.
        uint64_t word = 0;
        memcpy(&word, launch.parameters[i], function->parameter_bytes[i]);
        task.words.push_back(word);
    }
    return SUCCESS;
}

Result work_of(Context& context, const Task& task, Work& work) {
    if (!task.function) {
        const Block* block = context.block(task.to, task.bytes);
        if (!block || block->host) {
            MISUSE(INVALID_VALUE, "a copy or fill of %zu bytes is not inside one block of the device's memory",
                   task.bytes);
        }
        work.ranges = {{task.to, task.bytes, true}};
        work.run = [task] { memset(reinterpret_cast<void*>(task.to), task.byte, task.bytes); };
        return SUCCESS;
    }
    const char* name = task.function->name.c_str();
    unsigned count = 0;
    const KernelParameter* known = icefold_parameters(name, &count);
    for (unsigned i = 0; i < count; i++) {
        const uint64_t word = task.words[i];
        if (known[i].alignment == 0) {
            continue;
        }
        const Block* block = context.block(word, 1);
        if (!block || (block->host && !block->mapped) || word % known[i].alignment != 0) {
            MISUSE(INVALID_VALUE, "%s: parameter %u is no address of the device's memory", name, i);
        }
        const size_t bytes = block->address + block->bytes - word;
        work.ranges.push_back({word, bytes, known[i].written});
        if (block->host && known[i].written) {
            // What a host sees that does not wait.
            memset(reinterpret_cast<void*>(word), 0xa5, bytes < 4096 ? bytes : 4096);
        }
    }
    context.counts.launches++;
    work.run = [&context, name = task.function->name, blocks = task.blocks, words = task.words] {
        run(context, name, blocks, words);
    };
    return SUCCESS;
}

ENTRY_POINT Result cuLaunchKernel(
    void* handle, unsigned x, unsigned y, unsigned z, unsigned threads_x, unsigned threads_y,
    unsigned threads_z, unsigned shared, void* stream_handle, void** parameters, void** extra) {
    BEGIN(call)
    Context& context = *call.context;
    Stream* stream = context.stream(stream_handle);
    if (!stream) {
        MISUSE(INVALID_HANDLE, "a launch on a stream of another context");
    }
    const KernelNodeParameters launch = {handle, x, y, z, threads_x, threads_y, threads_z,
                                         shared, parameters, extra, nullptr, nullptr};
    Task task;
    Work work;
    Result wrong = task_of_launch(context, launch, task);
    wrong = wrong == SUCCESS ? work_of(context, task, work) : wrong;
    if (wrong == SUCCESS) {
        issue(*stream, std::move(work));
    }
    return wrong;
}
