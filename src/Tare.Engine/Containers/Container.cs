using System.Collections.Concurrent;
using Tare.Engine.Common;
using Tare.Engine.Execs;

namespace Tare.Engine.Containers;

/// <summary>
/// One container in memory. <see cref="Definition"/>, <see cref="Name"/> and <see cref="State"/> are values that are replaced whole, after
/// they have been written down, and only by who holds <see cref="Gate"/>; anybody may read them at any time.
/// </summary>
internal sealed class Container(ContainerDefinition definition, string name, LifeState state)
{
    private volatile ContainerDefinition definition = definition;
    private volatile string name = name;
    private volatile LifeState state = state;
    private volatile LiveProcess? live;
    private int removing;

    public string Id => definition.Id;

    public ContainerDefinition Definition
    {
        get => definition;
        set => definition = value;
    }

    /// <summary>Without the slash.</summary>
    public string Name
    {
        get => name;
        set => name = value;
    }

    public LifeState State
    {
        get => state;
        set => state = value;
    }

    /// <summary>Held for every change, and for what must not meet one: signals, freezing, resizing.</summary>
    public AsyncLock Gate { get; } = new();

    /// <summary>The first process while it lives. Changed and used by the holder of <see cref="Gate"/>.</summary>
    public LiveProcess? Live
    {
        get => live;
        set => live = value;
    }

    /// <summary>Who waits for its end or removal.</summary>
    public WaitList Waits { get; } = new();

    /// <summary>Who is attached before it has been started.</summary>
    public AttachList Attaches { get; } = new();

    /// <summary>
    /// Who reads its log. A log goes on in further files while it is read, so a removed container's files stay until the last reader has
    /// finished or has left.
    /// </summary>
    public Presence LogReaders { get; } = new();

    /// <summary>Who reads its files; those of a removed container stay until the last of them has finished.</summary>
    public Presence FileReaders { get; } = new();

    /// <summary>Its execs, by id, until they are forgotten.</summary>
    public ConcurrentDictionary<string, Exec> Execs { get; } = new(StringComparer.Ordinal);

    /// <summary>When its policy starts it again; changed by the holder of <see cref="Gate"/>.</summary>
    public RestartSchedule Restarts { get; } = new();

    /// <summary>A restart is under way: the end in its middle removes nothing.</summary>
    public bool KeepOnExit { get; set; }

    /// <summary>What is being taken away of the last run; the next launch waits for it.</summary>
    public Task Cleanup { get; set; } = Task.CompletedTask;

    /// <summary>Marks the container as being removed; false when somebody else is doing it.</summary>
    public bool BeginRemoval() => Interlocked.Exchange(ref removing, 1) == 0;

    /// <summary>The removal is over, or has failed.</summary>
    public void EndRemoval() => Volatile.Write(ref removing, 0);
}
