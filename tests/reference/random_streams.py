"""Prints the golden values of tests/base/random_test.cpp: FNV-1a names, a keyed counter, SplitMix64's finaliser."""
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def hash_name(name):
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def stream(seed, purpose, epoch, index, count):
    key = mix((seed + GOLDEN) & MASK)
    for part in (hash_name(purpose), epoch, index):
        key = mix((key + GOLDEN + mix((part + GOLDEN) & MASK)) & MASK)
    return [mix((key + GOLDEN * (i + 1)) & MASK) for i in range(count)]


print(hex(hash_name("visual.conv1.weight")))
for arguments in ((0, "", 0, 0), (42, "shuffle", 3, 7)):
    bits = stream(*arguments, 3)
    print(arguments, [hex(b) for b in bits], [(b >> 11) * 2.0**-53 for b in bits])
