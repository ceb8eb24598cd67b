package org.apmae.models.predict;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import com.microsoft.ml.lightgbm.PredictionType;
import io.github.metarank.lightgbm4j.LGBMBooster;
import io.github.metarank.lightgbm4j.LGBMException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.apmae.core.predict.Attribution;
import org.apmae.core.predict.FittedPredictor;

/** Trees in native memory. Any number of threads may predict; closing waits for them. */
final class FittedTrees implements FittedPredictor {
    private static final String MODEL_FILE = "model.txt";
    private static final String COLUMNS_FILE = "predictor.json";
    private static final String FORMAT = "apmae-boosted-trees";
    private static final int VERSION = 1;
    private static final long MOST_BYTES = 512L << 20;

    /** Numbers handed over in one native call, which bounds its copies to a few tens of MiB. */
    private static final int CHUNK = 1 << 22;

    private static final String PREDICT_SETTINGS = "num_threads=1 verbosity=-1";

    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final String model;
    private final Categories categories;
    private final LGBMBooster booster;
    private boolean closed;

    private FittedTrees(String model, Categories categories, LGBMBooster booster) {
        this.model = model;
        this.categories = categories;
        this.booster = booster;
    }

    static FittedTrees of(String model, Categories categories) throws LGBMException {
        int columns = categories.width();
        if (!ModelText.looksWhole(model, columns)) {
            throw new LGBMException("the text is not a whole model of " + columns + " columns");
        }
        LGBMBooster booster = LGBMBooster.loadModelFromString(model);
        if (booster.getNumFeature() != columns || booster.getNumClasses() != 1) {
            booster.close();
            throw new LGBMException("the model is not one of " + columns + " columns and one outcome");
        }
        return new FittedTrees(model, categories, booster);
    }

    @Override
    public double[] probabilityCorrect(int[][] labels, double[][] numbers) {
        check(labels, numbers);
        double[] probabilities = predict(labels, numbers, PredictionType.C_API_PREDICT_RAW_SCORE, 1);
        for (int i = 0; i < probabilities.length; i++) {
            probabilities[i] = 1 / (1 + Math.exp(-probabilities[i]));
        }
        return probabilities;
    }

    @Override
    public Attribution attribute(int[][] labels, double[][] numbers) {
        check(labels, numbers);
        int columns = categories.width();
        // The expected value is the same for every row; one more row, all of it unknown, gives it where there is no
        // other.
        int[][] rows = Arrays.copyOf(labels, labels.length + 1);
        rows[labels.length] = new int[categories.columns().size()];
        Arrays.fill(rows[labels.length], Integer.MAX_VALUE);
        double[][] values = Arrays.copyOf(numbers, labels.length + 1);
        values[labels.length] = new double[categories.numbers().size()];
        double[] flat = predict(rows, values, PredictionType.C_API_PREDICT_CONTRIB, columns + 1);
        double[][] contributions = new double[labels.length][];
        for (int i = 0; i < contributions.length; i++) {
            int start = i * (columns + 1);
            contributions[i] = Arrays.copyOfRange(flat, start, start + columns);
        }
        return new Attribution(contributions, flat[flat.length - 1]);
    }

    private static void check(int[][] labels, double[][] numbers) {
        if (labels.length != numbers.length) {
            throw new IllegalArgumentException("there are " + labels.length + " rows of labels and " + numbers.length
                    + " rows of numbers; give one of each for every scenario");
        }
    }

    /** Predicts in chunks, so that native code gets no more than it can hold. */
    private double[] predict(int[][] labels, double[][] numbers, PredictionType type, int numbersPerRow) {
        int columns = categories.width();
        if ((long) labels.length * numbersPerRow > Integer.MAX_VALUE - 16) {
            throw new IllegalArgumentException(
                    labels.length + " rows of " + numbersPerRow + " numbers are too many at once; give fewer rows");
        }
        double[] result = new double[labels.length * numbersPerRow];
        int rowsAtOnce = Math.max(1, CHUNK / (columns + 1));
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the boosted trees are closed; load or fit them again");
            }
            for (int from = 0; from < labels.length; from += rowsAtOnce) {
                int to = Math.min(labels.length, from + rowsAtOnce);
                float[] matrix = categories.matrix(labels, numbers, from, to);
                double[] part = booster.predictForMat(matrix, to - from, columns, true, type, PREDICT_SETTINGS);
                if (part.length != (to - from) * numbersPerRow) {
                    throw new IllegalStateException("LightGBM returned " + part.length + " numbers for " + (to - from)
                            + " rows instead of " + (to - from) * numbersPerRow);
                }
                System.arraycopy(part, 0, result, from * numbersPerRow, part.length);
            }
            return result;
        } catch (LGBMException e) {
            throw new IllegalStateException("LightGBM failed to predict: " + e.getMessage(), e);
        } finally {
            lock.readLock().unlock();
        }
    }

    /** What stands beside the model's text. Its fields are those of the JSON file. */
    private static final class Description {
        private String format;
        private int version;
        private String modelSha256;
        private List<String> columns;
        private int[][] labels;
        private List<String> numbers;
    }

    @Override
    public void save(Path folder) {
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the boosted trees are closed; save them before closing");
            }
            byte[] text = model.getBytes(StandardCharsets.UTF_8);
            Description description = new Description();
            description.format = FORMAT;
            description.version = VERSION;
            description.modelSha256 = sha256(text);
            description.columns = categories.columns();
            description.labels = categories.known();
            description.numbers = categories.numbers();
            Files.createDirectories(folder);
            replace(folder.resolve(MODEL_FILE), text);
            replace(folder.resolve(COLUMNS_FILE), new Gson().toJson(description).getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot save the boosted trees to " + folder, e);
        } finally {
            lock.readLock().unlock();
        }
    }

    private static void replace(Path file, byte[] bytes) throws IOException {
        Path partial = file.resolveSibling(file.getFileName() + ".part");
        Files.write(partial, bytes);
        Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
    }

    static FittedTrees load(Path folder) {
        Description description = describe(folder);
        Path file = folder.resolve(MODEL_FILE);
        byte[] text = read(file);
        // Native code may crash on a damaged text, so it only gets to see one that is whole.
        if (!sha256(text).equals(description.modelSha256)) {
            throw unusable(file, "it is not the text that was saved", null);
        }
        try {
            String model = decode(text);
            Categories categories = Categories.ofKnown(description.columns, description.labels, description.numbers);
            if (!ModelText.looksWhole(model, categories.width())) {
                throw unusable(file, "it is not a model of " + categories.width() + " columns", null);
            }
            Native.load();
            return of(model, categories);
        } catch (CharacterCodingException | LGBMException e) {
            throw unusable(file, e.getMessage(), e);
        }
    }

    private static Description describe(Path folder) {
        Path file = folder.resolve(COLUMNS_FILE);
        try {
            Description description = new Gson().fromJson(decode(read(file)), Description.class);
            if (description == null || !FORMAT.equals(description.format)) {
                throw unusable(file, "it does not say that it holds " + FORMAT, null);
            }
            if (description.version != VERSION) {
                throw unusable(
                        file,
                        "its version is " + description.version + " and this program reads version " + VERSION,
                        null);
            }
            if (description.modelSha256 == null
                    || description.columns == null
                    || description.labels == null
                    || description.numbers == null
                    || description.columns.size() + description.numbers.size() == 0
                    || description.columns.contains(null)
                    || description.numbers.contains(null)
                    || Arrays.asList(description.labels).contains(null)) {
                throw unusable(file, "a field is missing", null);
            }
            return description;
        } catch (JsonParseException | CharacterCodingException e) {
            throw unusable(file, "it is not complete JSON", e);
        }
    }

    private static String decode(byte[] bytes) throws CharacterCodingException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
    }

    private static byte[] read(Path file) {
        try {
            long size = Files.size(file);
            if (size > MOST_BYTES) {
                throw unusable(file, "it has " + size + " bytes, allowed are " + MOST_BYTES, null);
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no SHA-256, which every Java must have", e);
        }
    }

    private static IllegalArgumentException unusable(Path file, String why, Exception cause) {
        return new IllegalArgumentException(
                file + " cannot be used: " + why + "; fit the predictor again or give another folder", cause);
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                booster.close();
            }
        } catch (LGBMException e) {
            throw new IllegalStateException("LightGBM failed to free its memory: " + e.getMessage(), e);
        } finally {
            lock.writeLock().unlock();
        }
    }
}
