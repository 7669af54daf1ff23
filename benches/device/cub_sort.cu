// cub_sort: what CUB's radix sort takes for pairs of a 32-bit key and a 32-bit item, by 16 and by 32 bits of
// the key; the ceiling for the stage sort. Prints a JSON line for each, times by events.
//
//   nvcc -O3 -std=c++17 -arch=native cub_sort.cu -o cub_sort && ./cub_sort 28      2^28 pairs
//
// CUB reads the items of the first pass; icefold's sort knows them and does not.

#include <cub/device/device_radix_sort.cuh>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

constexpr int WARM_UP = 3, REPEATS = 18;

void check(cudaError_t error, const char* what) {
    if (error != cudaSuccess) {
        fprintf(stderr, "cub_sort: %s: %s\n", what, cudaGetErrorString(error));
        exit(1);
    }
}

// Memory of the device, for as long as the program runs.
unsigned* words(size_t n) {
    void* memory = nullptr;
    check(cudaMalloc(&memory, n * sizeof(unsigned)), "allocate");
    return static_cast<unsigned*>(memory);
}

// As `scatter` in src/cli/bench_device/photons.rs: the same bits in the same order.
__global__ void make_pairs(unsigned n, unsigned bits, unsigned* keys, unsigned* items) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        unsigned long long x = (i ^ (9ull << 40)) * 0x9e3779b97f4a7c15ull;
        x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9ull;
        keys[i] = static_cast<unsigned>(x >> (64 - bits));
        items[i] = i;
    }
}

// Pairs that do not ascend, equal keys by their items.
__global__ void count_wrong(unsigned n, const unsigned* keys, const unsigned* items, unsigned* wrong) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i + 1 < n) {
        const bool ascend = keys[i] < keys[i + 1] || (keys[i] == keys[i + 1] && items[i] < items[i + 1]);
        if (!ascend) {
            atomicAdd(wrong, 1u);
        }
    }
}

void time_bits(unsigned n, int bits, unsigned* const pairs[4]) {
    const unsigned blocks = (n + 255) / 256;
    make_pairs<<<blocks, 256>>>(n, static_cast<unsigned>(bits), pairs[0], pairs[1]);
    const auto sort = [&](void* scratch, size_t& bytes) {
        check(cub::DeviceRadixSort::SortPairs(
                  scratch, bytes, pairs[0], pairs[2], pairs[1], pairs[3], n, 0, bits),
              "sort");
    };
    size_t bytes = 0;
    sort(nullptr, bytes);
    void* scratch = nullptr;
    check(cudaMalloc(&scratch, bytes), "allocate scratch");
    cudaEvent_t begin, end;
    check(cudaEventCreate(&begin), "make an event");
    check(cudaEventCreate(&end), "make an event");
    std::vector<float> took;
    for (int repeat = 0; repeat < WARM_UP + REPEATS; repeat++) {
        check(cudaEventRecord(begin), "record");
        sort(scratch, bytes);
        check(cudaEventRecord(end), "record");
        check(cudaEventSynchronize(end), "wait");
        float milliseconds = 0;
        check(cudaEventElapsedTime(&milliseconds, begin, end), "take the time");
        if (repeat >= WARM_UP) {
            took.push_back(milliseconds);
        }
    }
    unsigned* counted = words(1);
    check(cudaMemset(counted, 0, sizeof(unsigned)), "clear");
    count_wrong<<<blocks, 256>>>(n, pairs[2], pairs[3], counted);
    unsigned wrong = 0;
    check(cudaMemcpy(&wrong, counted, sizeof wrong, cudaMemcpyDeviceToHost), "read back");
    printf("{\"pairs\": %u, \"bits\": %d, \"wrong\": %u, \"scratch_bytes\": %zu, \"seconds\": [", n, bits,
           wrong, bytes);
    for (size_t i = 0; i < took.size(); i++) {
        printf("%s%.7f", i ? ", " : "", took[i] / 1e3);
    }
    printf("]}\n");
    fflush(stdout);
    check(cudaFree(scratch), "free");
}

}  // namespace

int main(int count, char** arguments) {
    const unsigned n = 1u << (count > 1 ? atoi(arguments[1]) : 28);
    unsigned* const pairs[4] = {words(n), words(n), words(n), words(n)};
    for (const int bits : {16, 32}) {
        time_bits(n, bits, pairs);
    }
    return 0;
}
