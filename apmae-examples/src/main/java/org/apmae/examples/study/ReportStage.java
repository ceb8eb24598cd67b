package org.apmae.examples.study;

import java.util.List;
import org.apmae.core.gallery.Gallery;
import org.apmae.core.pattern.Clusters;
import org.apmae.core.report.RunReport;
import org.apmae.core.run.RunFolder;
import org.apmae.core.run.Stage;
import org.apmae.core.run.StageWriter;
import org.apmae.core.store.EncodingStore;
import org.apmae.models.cluster.ClustersJson;
import org.apmae.models.gallery.GalleryOptions;
import org.apmae.models.gallery.GalleryPass;

/** The report: the patterns worth showing, recorded once more, and one page that shows what the study found. */
final class ReportStage {
    static final String REPORT = "report.html";

    private ReportStage() {}

    static void run(Study study) {
        RunFolder run = study.run();
        run.require(Stage.SWEEP);
        try (StageWriter writer = run.begin(Stage.REPORT)) {
            EncodingStore store = EncodingStore.open(run);
            List<Clusters> clusters =
                    ClustersJson.read(run.file(Stage.CLUSTER, ClusterStage.MODEL), ClusterStage.encodings(store));
            long start = System.nanoTime();
            Gallery gallery = new GalleryPass(study.model(), GalleryOptions.standard(), study.threads())
                    .run(run, clusters, study.options().seedOf("gallery"), study.progress());
            gallery.write(writer);
            writer.timing("gallery", (System.nanoTime() - start) * 1e-9);
            start = System.nanoTime();
            RunReport report = RunReport.of(run).withGallery(gallery);
            report.figures().forEach((name, picture) -> picture.write(writer.file("figures/" + name + ".png")));
            report.write(writer.file(REPORT));
            writer.timing("page", (System.nanoTime() - start) * 1e-9);
            writer.commit(study.provenance());
        }
    }
}
