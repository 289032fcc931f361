"""Settings → stages. Each function builds one part of the path; a library is imported when its part is built."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from skill import understanding
from skill.answering.countries import load_countries
from skill.answering.phrases import Phrases, Surroundings
from skill.answering.responder import NEEDED_LABELS, NEEDED_LINES, PlainResponder
from skill.answering.script import Script, load_script
from skill.attention import Attention
from skill.devices import Kind, choose
from skill.errors import IntentError, ModelError, SettingsError, SpeakingError
from skill.hearing import RECOGNISERS, open_recogniser, open_stop_listener, unknown_words
from skill.hearing.lasting_recogniser import LastingRecogniser
from skill.hearing.stop_listener import StopListener
from skill.little_memory import is_small
from skill.messages import Speech, Tone
from skill.models.manifest import Manifest, load_manifest
from skill.models.store import ModelStore, State
from skill.settings import PROJECT, Settings, Storage
from skill.speaking import open_voice
from skill.speaking.cache import CachedVoice
from skill.speaking.lasting_speaker import LastingSpeaker
from skill.speaking.lasting_voice import LastingVoice
from skill.stages import Interpreter, Microphone, Recogniser, Responder, Speaker
from skill.understanding.intents import Example, IntentBook
from skill.understanding.kept_book import load_kept_intents
from skill.wake_phrase import WakePhrase

MANIFEST = PROJECT / "models" / "manifest.yaml"
ENCODER = PROJECT / "models" / "encoder"  # kept in the repository, so it does not move with `models_folder`


def intent_book(settings: Settings) -> IntentBook:
    """The intents of the settings' language. Raises IntentError with every mistake, and with what the program needs and is not there."""
    book = load_kept_intents(settings.storage.language_folder, settings.storage.cache_folder)
    if problems := missing(book):
        raise IntentError(problems)
    return book


def missing(book: IntentBook) -> list[str]:
    """What the program itself relies on and the folder lacks, a sentence each."""
    problems = [
        f"{book.folder}: the intent {label} is missing; put {label}.yaml back" for label in sorted(NEEDED_LABELS - set(book.intents))
    ]
    shared = book.folder / "shared" / "lines.yaml"
    return problems + [f"{shared}: the line {key} is missing; put it back" for key in sorted(NEEDED_LINES - set(book.lines))]


def phrases(settings: Settings, book: IntentBook) -> Phrases:
    answering = settings.answering
    number = load_countries(settings.storage.countries_file)[answering.country].number if answering.country else None
    around = Surroundings(number, answering.hospital, answering.helper_name, answering.helper_number, settings.hearing.called_by)
    return Phrases(book, script(book), around)


def script(book: IntentBook) -> Script:
    return load_script(book.folder, book.intents)


def interpreter(settings: Settings, book: IntentBook, tell: Callable[[str], None] = lambda problem: None) -> Interpreter:
    """tell: gets a sentence for each part of it that is damaged, while it goes on without."""
    encoder = None if is_small(settings.machine.memory) else ENCODER
    return understanding.open_interpreter(book, encoder, settings.storage.cache_folder, tell)


def nearest_examples(settings: Settings, book: IntentBook, text: str) -> list[tuple[float, Example]]:
    """What it compares a sentence with, for people who ask why: likeness and example, the most like first."""
    return understanding.nearest_examples(book, ENCODER, settings.storage.cache_folder, text)


def responder(settings: Settings, book: IntentBook) -> Responder:
    spoken = phrases(settings, book)
    return PlainResponder(book, spoken.script, spoken)


def attention(settings: Settings, script: Script, recogniser: Recogniser) -> Attention:
    """What counts as said to the assistant. Raises SettingsError where this recogniser can never hear the wake phrase."""
    not_sure = script.check.not_sure
    if settings.hearing.wake == "open":
        return Attention(not_sure=not_sure)
    if settings.hearing.wake == "word":  # it counts in what the recogniser made of it, too
        return Attention(WakePhrase(settings.hearing.wake_word), not_sure)
    phrase = WakePhrase(settings.hearing.wake_phrase)
    if unknown := unknown_words(recogniser, phrase.words):
        raise SettingsError(
            f'The {recogniser.name} recogniser does not know {" and ".join(map(repr, unknown))} in the wake phrase "{phrase.text}": '
            "write other words for `wake_phrase` in the settings."
        )
    return Attention(phrase, not_sure)


def model_store(storage: Storage) -> ModelStore:
    return ModelStore(storage.models_folder, load_manifest(MANIFEST))


def recogniser(settings: Settings, tell: Callable[[str], None] = lambda problem: None) -> Recogniser:
    """The recogniser of the settings; with "auto" the best one whose model is whole. ModelError says how to mend it where none is.

    tell: gets a sentence for a damaged model in whose place another one listens.
    """
    store = model_store(settings.storage)
    reasons = []
    models = recogniser_models(settings.hearing.recogniser, store.manifest)
    if is_small(settings.machine.memory):
        models = dict(sorted(models.items(), key=lambda pair: store.model(pair[1]).bytes))
    for name, model in models.items():
        try:
            opened = open_recogniser(name, store.path(model), settings.hearing.silence_seconds)
        except ModelError as error:
            reasons.append((model, str(error)))
            continue
        for other, reason in reasons:
            if store.status(other).state is not State.MISSING:
                tell(f"{reason} Until then {name} listens.")
        return opened
    raise ModelError("\n".join(reason for _, reason in reasons))


def waking(settings: Settings, recogniser: Recogniser) -> Recogniser:
    """This recogniser, which then also knows the wake word of the settings by its sound. Raises HearingError where that cannot be."""
    from skill.hearing.wake_word import WakeWordSpotter
    from skill.hearing.waking import WakingRecogniser

    return WakingRecogniser(recogniser, WakeWordSpotter(settings.hearing.wake_word))


def recogniser_models(wanted: str, manifest: Manifest) -> dict[str, str]:
    """Recogniser → its model, the best first. A model's name begins with the name of the recogniser that reads it."""
    found = {name.partition("-")[0]: name for name, model in manifest.models.items() if model.serves == "recogniser"}
    return {name: model for name, model in found.items() if name in RECOGNISERS and wanted in ("auto", name)}


def stop_listener(settings: Settings, recogniser: Recogniser) -> StopListener:
    """Hears the stop words over its own speech. recogniser: the one that listens. Raises HearingError where nothing can."""
    store = model_store(settings.storage)
    try:
        return open_stop_listener(store.path(recogniser_models("vosk", store.manifest)["vosk"]), recogniser)
    except ModelError:
        return open_stop_listener(None, recogniser)


def voice(settings: Settings, tell: Callable[[str], None] = lambda warning: None, try_now: bool = True) -> CachedVoice:
    """tell: gets a sentence when rendered answers cannot be read or kept; it speaks all the same. try_now: see `open_voice`."""
    folder, speed, name = settings.storage.cache_folder / "speech", settings.speaking.speed, settings.speaking.voice
    if name == "auto" and is_small(settings.machine.memory):
        with suppress(SpeakingError):  # then whichever works
            return CachedVoice(open_voice("espeak", speed), folder, tell)
    return CachedVoice(open_voice(name, speed, try_now), folder, tell)


def lasting_voice(settings: Settings, tell: Callable[[str], None], tell_of_store: Callable[[str], None]) -> LastingVoice:
    """The voice of the settings, and espeak while that one fails. tell: called with what failed; tell_of_store: see `voice`."""

    def espeak() -> CachedVoice:
        return CachedVoice(open_voice("espeak", settings.speaking.speed), settings.storage.cache_folder / "speech", tell_of_store)

    return LastingVoice((lambda: voice(settings, tell_of_store, try_now=False), espeak), tell)


def speaker(settings: Settings, anew: bool = False) -> Speaker:
    """anew: look for devices that came since the program began, for which all others are closed."""
    from skill.speaking.speaker import DeviceSpeaker

    device = choose(Kind.SPEAKER, settings.speaking.speaker, anew)
    return DeviceSpeaker(device, settings.speaking.wake_seconds, settings.speaking.volume)


def lasting_speaker(settings: Settings) -> LastingSpeaker:
    """Found when it is first needed, and again whenever it was lost."""
    return LastingSpeaker(lambda anew: speaker(settings, anew), settings.speaking.volume)


def microphone(settings: Settings, anew: bool = False) -> Microphone:
    """anew: as with `speaker`."""
    from skill.hearing.microphone import DeviceMicrophone

    return DeviceMicrophone(choose(Kind.MICROPHONE, settings.hearing.microphone, anew))


def lasting_recogniser(settings: Settings, recogniser: Recogniser) -> LastingRecogniser:
    """Where it fails another one of its kind is built, and then one of the other kind, where its model is there."""
    store = model_store(settings.storage)
    models = recogniser_models("auto", store.manifest)
    kinds = sorted(models, key=lambda name: name != recogniser.name)

    def builder(name: str) -> Callable[[], Recogniser]:
        def build() -> Recogniser:
            fresh = open_recogniser(name, store.path(models[name]), settings.hearing.silence_seconds)
            return waking(settings, fresh) if settings.hearing.wake == "word" else fresh

        return build

    return LastingRecogniser(recogniser, [builder(name) for name in kinds])


def recording(path: Path) -> Microphone:
    from skill.hearing.recording import RecordingMicrophone

    return RecordingMicrophone(path)


def wav_speaker(path: Path) -> Speaker:
    from skill.speaking.speaker import WavSpeaker

    return WavSpeaker(path)


def tones() -> dict[Tone, Speech]:
    from skill.speaking.earcons import earcon

    return {tone: earcon(tone) for tone in Tone}
