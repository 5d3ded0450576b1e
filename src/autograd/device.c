/* autograd/device.c - the default device, and what a device runs with. */
#include "autograd/device.h"

#include <stdatomic.h>
#include <stdlib.h>

static _Atomic(const device_operations *) chosen;

const device_operations *device_default(void)
{
    const device_operations *device = atomic_load(&chosen);
    return device != NULL ? device : device_cpu();
}

void device_set_default(const device_operations *device)
{
    atomic_store(&chosen, device);
}

void device_run_clear(device_run *run)
{
    workspace_clear(&run->product);
    workspace_clear(&run->own);
    for (int i = 0; i < run->slot_count; i++)
        workspace_clear(&run->slots[i]);
    free(run->slots);
    *run = (device_run){.slots = NULL};
}

size_t device_run_bytes(const device_run *run)
{
    size_t bytes = run->product.bytes + run->own.bytes;
    for (int i = 0; i < run->slot_count; i++)
        bytes += run->slots[i].bytes;
    return bytes;
}
